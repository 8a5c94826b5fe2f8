"""The condition ``sharpness``: optics, motion, and other ground resolutions."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from changen_cli.conditions.base import Draw, Drawn
from changen_cli.conditions.numbers import column, log_uniform
from changen_cli.conditions.options import Strength, strength
from changen_cli.options import LOW_TO_HIGH, Ge, Le, Number, option, options

Sigma = Annotated[Number, Ge(0), Le(8)]
Coarser = Annotated[Number, Ge(1), Le(8)]


@options()
class Sharpness:
    """Blurs some images, half of them as a lens does and half as pixels that are larger on the ground."""

    name: ClassVar[str] = "sharpness"

    strength: Strength = strength()
    chance: Annotated[Number, Ge(0), Le(1)] = option(default=0.4, help="Part of the images that are less sharp.")
    blur: Annotated[tuple[Sigma, Sigma], LOW_TO_HIGH] = option(
        default=(0.5, 1.5), help="Standard deviation of a lens's blur, pixels."
    )
    coarser: Annotated[tuple[Coarser, Coarser], LOW_TO_HIGH] = option(
        default=(1.2, 2.5), help="How much larger the pixels of the other images are."
    )

    def draw(self, rng: np.random.Generator, bands: int) -> Draw:
        """Draws; see :meth:`changen_cli.conditions.base.Condition.draw`."""
        lot, blur, coarser = rng.random(), rng.uniform(*self.blur), log_uniform(rng, *self.coarser).item()
        return {
            "blur": blur * self.strength if lot < self.chance / 2 else 0.0,
            "coarser": coarser**self.strength if self.chance / 2 <= lot < self.chance else 1.0,
        }

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Applies; see :meth:`changen_cli.conditions.base.Condition.apply`."""
        blurred, coarse = np.flatnonzero(drawn["blur"]), np.flatnonzero(drawn["coarser"] > 1)
        if not (len(blurred) or len(coarse)):
            return images
        result = images.clone()
        if len(blurred):
            result[blurred] = self._blur(images[blurred], drawn["blur"][blurred])
        for number in coarse:
            result[number] = _coarsen(images[number : number + 1], drawn["coarser"][number])[0]
        return result

    def _blur(self, images: Tensor, sigma: NDArray[np.float64]) -> Tensor:
        """Blurs by a Gaussian, along one axis and then the other, by sums whose order no batch changes."""
        # as wide as the widest that could be drawn, so that it does not depend on what the batch has
        radius = min(math.ceil(3 * self.blur[1] * self.strength), min(images.shape[2:]) - 1)
        weights = np.exp(-0.5 * (np.arange(radius + 1) / sigma[:, None]) ** 2)
        weights /= weights[:, :1] + 2 * weights[:, 1:].sum(1, keepdims=True)
        for axis in (2, 3):
            size = images.shape[axis]
            pad = (0, 0, radius, radius) if axis == 2 else (radius, radius, 0, 0)
            wide = F.pad(images, pad, mode="reflect")
            images = images * column(weights[:, 0], images)
            for step in range(1, radius + 1):
                pair = wide.narrow(axis, radius - step, size) + wide.narrow(axis, radius + step, size)
                images += pair.mul_(column(weights[:, step], images))
        return images


def _coarsen(image: Tensor, factor: float) -> Tensor:
    """Samples an image to larger pixels and back."""
    height, width = image.shape[2:]
    smaller = max(1, round(height / factor)), max(1, round(width / factor))
    coarse = F.interpolate(image, smaller, mode="area")
    return F.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
