"""The condition ``noise``: what a sensor adds."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor

from changen_cli import rng as counter_based
from changen_cli.conditions.base import Draw, Drawn
from changen_cli.conditions.numbers import column
from changen_cli.conditions.options import Strength, strength
from changen_cli.options import Ge, Le, Number, option, options

PERIOD = 2**20
"""Numbers in the field that noise is cut from."""


@options()
class Noise:
    """Adds to every pixel and band a number of its own, normally distributed.

    The numbers of an image are the sum of two pieces of one field of a million, cut at places drawn for the image: as
    film grain is made, since a normal number for every pixel would take longer than all other conditions together. It
    is the same on every device, and does not repeat in practice: there are 10^12 pairs of places.
    """

    name: ClassVar[str] = "noise"

    strength: Strength = strength()
    deviation: Annotated[Number, Ge(0), Le(1)] = option(default=0.03, help="Largest standard deviation, of 1.")

    def draw(self, rng: np.random.Generator, bands: int) -> Draw:
        """Draws; see :meth:`changen_cli.conditions.base.Condition.draw`."""
        return {
            "deviation": rng.uniform(0, self.deviation) * self.strength,
            "places": rng.integers(0, PERIOD, 2).tolist(),
        }

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Applies; see :meth:`changen_cli.conditions.base.Condition.apply`."""
        size = images[0].numel()
        field = _field(size, str(images.device))
        numbers = torch.empty(len(images), size, device=images.device)
        for one, (first, second) in zip(numbers, drawn["places"].astype(int).tolist(), strict=True):
            torch.add(field[first : first + size], field[second : second + size], out=one)
        scale = column(drawn["deviation"], images) * 0.5**0.5
        return images.add_(numbers.view_as(images).mul_(scale))


@lru_cache(maxsize=4)
def _field(size: int, device: str) -> Tensor:
    """Returns the field and, after it, as much of its beginning as a piece may need, float32 [PERIOD + size]."""
    numbers = counter_based.generator("conditions", "noise").standard_normal(PERIOD, np.float32)
    return torch.from_numpy(np.resize(numbers, PERIOD + size)).to(device)
