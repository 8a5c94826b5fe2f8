"""Whether two images show the same edges in the same places, however their colours differ.

The structure of an image is, at every pixel, the complex number

    q = s / sqrt(|s|),   s = sum over bands of (dI/dx + i dI/dy)^2

with derivatives of a Gaussian (sigma :data:`SIGMA`). Squaring doubles the angle, so an edge counts by its direction
and strength and not by which of its sides is the brighter: a roof that turned from white to red still is that roof.
Taking the root leaves |q| of the order of the gradient. Adding a constant to the image changes nothing, and scaling it
scales q, so what is compared is blind to a global change of colours. The similarity of two structures over a region is
the real part of their centred, normalised cross-correlation

    rho = Re sum (q1 - mean q1) conj(q2 - mean q2) / sqrt(sum |q1 - mean q1|^2  sum |q2 - mean q2|^2)

which is 1 for a copy and has expectation 0 for images that have nothing to do with each other. Centring matters:
streets and roofs of a place share their directions, and two images with like directions everywhere would else seem
alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from changen_cli.types import BoolArray, UInt8Array

SIGMA = 1.0
"""Pixels; takes out sensor noise and JPEG blocks, keeps the edge of a roof."""

REACH = 5
"""Pixels around a pixel that its structure depends on (four sigma, rounded up)."""

LEAST = 64
"""Fewest pixels of a region that a correlation is taken over."""

_FLAT = 1e-3


def edge_structure(image: UInt8Array) -> NDArray[np.complex64]:
    """Computes the structure.

    Args:
        image: uint8 [3, H, W].

    Returns:
        q, complex64 [H, W].
    """
    total = np.zeros(image.shape[1:], np.complex64)
    for band in image.astype(np.float32):
        across = gaussian_filter(band, SIGMA, order=(0, 1), mode="nearest")
        down = gaussian_filter(band, SIGMA, order=(1, 0), mode="nearest")
        total += (across + 1j * down) ** 2
    strength = np.abs(total)
    structure: NDArray[np.complex64] = (total / np.sqrt(np.maximum(strength, 1e-12))).astype(np.complex64)
    return structure


def similarity(first: NDArray[np.complex64], second: NDArray[np.complex64], where: BoolArray) -> float | None:
    """Computes rho over a region.

    Args:
        first: Structure of I_t, complex [H, W].
        second: Structure of I_t+1, complex [H, W].
        where: The region, bool [H, W]; :data:`REACH` pixels along the border of the image are left out.

    Returns:
        -1..1; 0 where the second image is flat; None where it cannot be told: fewer than :data:`LEAST` pixels, or the
        first image is flat there itself.
    """
    # at the border of an image derivatives across it vanish, in any two images alike
    core = (slice(REACH, -REACH),) * 2
    one, two = first[core][where[core]].astype(np.complex128), second[core][where[core]].astype(np.complex128)
    if len(one) < LEAST:
        return None
    one -= one.mean()
    two -= two.mean()
    power = float(np.vdot(one, one).real), float(np.vdot(two, two).real)
    if power[0] < _FLAT * len(one):
        return None
    if power[1] < _FLAT * len(two):
        return 0.0
    return float(np.vdot(two, one).real / np.sqrt(power[0] * power[1]))
