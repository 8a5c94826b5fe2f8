"""The condition ``noise``: what a sensor adds."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from changen_cli.conditions.base import Draw, Drawn
from changen_cli.conditions.numbers import column
from changen_cli.conditions.options import Strength, strength
from changen_cli.options import Ge, Le, Number, option, options

SPREAD = 4 * (256**2 - 1) / 12
"""Variance of the sum of four random bytes."""


@options()
class Noise:
    """Adds to every pixel and band a number of its own, near to normally distributed.

    The pattern is a hash of the pixel's place and of two numbers drawn for the image, so it is the same on every
    device, and nothing but the two numbers comes from the host.
    """

    name: ClassVar[str] = "noise"

    strength: Strength = strength()
    deviation: Annotated[Number, Ge(0), Le(1)] = option(default=0.03, help="Largest standard deviation, of 1.")

    def draw(self, rng: np.random.Generator, bands: int) -> Draw:
        """Draws; see :meth:`changen_cli.conditions.base.Condition.draw`."""
        return {
            "deviation": rng.uniform(0, self.deviation) * self.strength,
            "seed": rng.integers(0, 2**31, 2).tolist(),
        }

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Applies; see :meth:`changen_cli.conditions.base.Condition.apply`."""
        size = images[0].numel()
        total = _byte_sums(size, drawn["seed"], images.device).view_as(images).to(torch.float32)
        scale = column(drawn["deviation"], images) / SPREAD**0.5
        return total.sub_(4 * 255 / 2).mul_(scale).add_(images)


def _byte_sums(size: int, seeds: NDArray[np.float64], device: torch.device) -> Tensor:
    """Returns sums of four random bytes for each place of each image, int32 [B, size].

    The bytes are those of a hash by multiplying and shifting (Wellons' lowbias32), which changes half of its bits with
    every bit of a place. PyTorch's whole numbers have signs, so what shifting right brings in is masked off.
    """
    first, second = torch.from_numpy(seeds.astype(np.int32)).to(device, non_blocking=True).unsqueeze(2).unbind(1)
    bits = torch.arange(size, dtype=torch.int32, device=device) ^ first
    bits ^= (bits >> 16) & 0xFFFF
    bits *= 0x7FEB352D
    bits ^= second
    bits ^= (bits >> 15) & 0x1FFFF
    bits *= 0x846CA68B - 2**32
    bits ^= (bits >> 16) & 0xFFFF
    # two bytes at a time, each in a half of the number
    pairs = (bits & 0x00FF00FF).add_((bits >> 8) & 0x00FF00FF)
    return (pairs & 0xFFFF).add_(pairs >> 16)
