"""From the numbers that were drawn for each image to tensors that fit a batch of images."""

from __future__ import annotations

from math import comb

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from changen_cli.errors import UsageError


def column(values: NDArray[np.float64], images: Tensor) -> Tensor:
    """Shapes numbers so that they can be computed with images.

    Args:
        values: One number for each image, float64 [B], or one for each band, [B, C].
        images: [B, C, H, W].

    Returns:
        float32 [B, 1, 1, 1] or [B, C, 1, 1], on the device of the images.
    """
    tensor = torch.from_numpy(values.astype(np.float32)).to(images.device, non_blocking=True)
    return tensor.reshape(len(values), -1, 1, 1)


def smooth_field(nodes: NDArray[np.float64], images: Tensor) -> Tensor:
    """Draws a smooth surface over each image, a Bezier surface: nowhere above or below its nodes.

    Args:
        nodes: N x N numbers for each image, row by row, float64 [B, N * N].
        images: [B, C, H, W].

    Returns:
        float32 [B, H, W], on the device of the images.
    """
    count = round(nodes.shape[1] ** 0.5)
    down, across = (_bernstein(count, size) for size in images.shape[2:])
    # rows on the host, H x N numbers an image; columns on the device, by sums whose order no batch changes
    rows = np.einsum("ih,bij->bjh", down, nodes.reshape(-1, count, count)).astype(np.float32)
    left = torch.from_numpy(rows).to(images.device, non_blocking=True).unsqueeze(3)
    right = torch.from_numpy(across.astype(np.float32)).to(images.device, non_blocking=True)
    field = left[:, 0] * right[0]
    for node in range(1, count):
        field += left[:, node] * right[node]
    return field


def _bernstein(count: int, size: int) -> NDArray[np.float64]:
    """Returns the Bernstein polynomials of degree ``count`` - 1 at the pixels of a line, float64 [count, size]."""
    place = (np.arange(size) + 0.5) / size
    degree = count - 1
    return np.stack([comb(degree, k) * place**k * (1 - place) ** (degree - k) for k in range(count)])


def log_uniform(rng: np.random.Generator, low: float, high: float, size: int | None = None) -> NDArray[np.float64]:
    """Draws factors, so that halves are as likely as doubles; float64 [size], or a number."""
    drawn: NDArray[np.float64] = np.exp(rng.uniform(np.log(low), np.log(high), size))
    return drawn


def require_colours(name: str, images: Tensor) -> None:
    """Checks that images have red, green and blue.

    Raises:
        UsageError: If they have fewer than three bands.
    """
    if images.shape[1] < 3:
        raise UsageError(f"condition {name} needs the bands red, green and blue; the images have {images.shape[1]}")
