"""The condition ``sharpness``: optics, motion, and other ground resolutions."""

from __future__ import annotations

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
        if len(blurred) == len(images):
            return _blur(images, drawn["blur"])
        if len(blurred):
            images[blurred] = _blur(images[blurred], drawn["blur"][blurred])
        for number in coarse:
            images[number] = _coarsen(images[number : number + 1], drawn["coarser"][number])[0]
        return images


def _blur(images: Tensor, sigma: NDArray[np.float64]) -> Tensor:
    """Blurs by a Gaussian, along one axis and then the other, by sums whose order no batch changes.

    Args:
        images: [B, C, H, W].
        sigma: Standard deviations, pixels, above 0, [B].
    """
    radii = np.minimum(np.ceil(2.5 * sigma), min(images.shape[2:]) - 1)
    steps = np.arange(int(radii.max()) + 1)
    # an image's weights end at its own radius: what one with a wider blur beside it adds to it is exactly 0
    weights = np.exp(-0.5 * (steps / sigma[:, None]) ** 2) * (steps <= radii[:, None])
    weights /= weights[:, :1] + 2 * weights[:, 1:].sum(1, keepdims=True)
    taps = [column(weights[:, step], images) for step in steps]
    for axis in (2, 3):
        size, radius = images.shape[axis], len(steps) - 1
        wide = F.pad(images, (0, 0, radius, radius) if axis == 2 else (radius, radius, 0, 0), mode="reflect")
        images = images * taps[0]
        for step in range(1, radius + 1):
            pair = wide.narrow(axis, radius - step, size) + wide.narrow(axis, radius + step, size)
            images += pair.mul_(taps[step])
    return images


def _coarsen(image: Tensor, factor: float) -> Tensor:
    """Samples an image to larger pixels and back."""
    height, width = image.shape[2:]
    smaller = max(1, round(height / factor)), max(1, round(width / factor))
    coarse = F.interpolate(image, smaller, mode="bilinear", antialias=True)
    return F.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
