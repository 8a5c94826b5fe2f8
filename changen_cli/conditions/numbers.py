"""From the numbers that were drawn for each image to tensors that fit a batch of images."""

from __future__ import annotations

from functools import lru_cache
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


def smooth_fields(nodes: NDArray[np.float64], images: Tensor) -> Tensor:
    """Draws smooth surfaces over each image, Bezier surfaces: nowhere above or below their nodes.

    Args:
        nodes: N x N numbers, row by row, for each of K surfaces of each image, float64 [B, K, N * N].
        images: [B, C, H, W].

    Returns:
        float32 [B, H, W, K], on the device of the images.
    """
    batch, kinds, count = len(nodes), nodes.shape[1], round(nodes.shape[2] ** 0.5)
    height, width = images.shape[2:]
    # along rows on the host, few numbers; along columns one product of matrices, which writes the surfaces interleaved
    rows = np.matmul(_bernstein(count, height), nodes.reshape(batch, kinds, count, count))
    left = rows.transpose(0, 2, 1, 3).reshape(batch * height, kinds * count).astype(np.float32)
    right = _across(count, width, kinds, str(images.device))
    fields = torch.from_numpy(left).to(images.device, non_blocking=True) @ right
    return fields.reshape(batch, height, width, kinds)


@lru_cache(maxsize=16)
def _bernstein(count: int, size: int) -> NDArray[np.float64]:
    """Returns the Bernstein polynomials of degree ``count`` - 1 at the pixels of a line, float64 [size, count]."""
    place = (np.arange(size) + 0.5) / size
    degree = count - 1
    return np.stack([comb(degree, k) * place**k * (1 - place) ** (degree - k) for k in range(count)], axis=1)


@lru_cache(maxsize=16)
def _across(count: int, width: int, kinds: int, device: str) -> Tensor:
    """Returns what turns the numbers of a row, surface by surface, into its pixels, [K * N, W * K]."""
    spread = np.einsum("wm,kl->kmwl", _bernstein(count, width), np.eye(kinds))
    return torch.from_numpy(spread.reshape(kinds * count, width * kinds).astype(np.float32)).to(device)


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
