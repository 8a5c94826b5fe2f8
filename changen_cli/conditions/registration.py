"""The condition ``registration``: images that do not lie on each other."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Annotated, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from changen_cli.conditions.base import Draw, Drawn
from changen_cli.conditions.numbers import smooth_fields
from changen_cli.conditions.options import Strength, strength
from changen_cli.options import Ge, Le, Number, option, options

NODES = 4
"""Nodes of the warp along each side."""


@options()
class Registration:
    """Moves the image by a part of a pixel or a few, and bends it smoothly, while its labels stay where they are.

    What comes in at an edge is the image mirrored there. Pixels are interpolated linearly, which softens them a little.
    """

    name: ClassVar[str] = "registration"

    strength: Strength = strength()
    shift: Annotated[Number, Ge(0), Le(16)] = option(default=3.0, help="Longest shift, in any direction, pixels.")
    warp: Annotated[Number, Ge(0), Le(16)] = option(
        default=1.0, help="Most that a bend adds to it along either axis, pixels."
    )

    def draw(self, rng: np.random.Generator, bands: int) -> Draw:
        """Draws; see :meth:`changen_cli.conditions.base.Condition.draw`."""
        length, direction = rng.uniform(0, self.shift) * self.strength, rng.uniform(0, 2 * math.pi)
        across, down = (rng.uniform(-self.warp, self.warp, (2, NODES**2)) * self.strength).tolist()
        return {
            "shift": (length * math.cos(direction), length * math.sin(direction)),
            "warp_x": across,
            "warp_y": down,
        }

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Applies; see :meth:`changen_cli.conditions.base.Condition.apply`."""
        height, width = images.shape[2:]
        nodes = np.stack([drawn["warp_x"], drawn["warp_y"]], 1) + drawn["shift"][:, :, None]
        # grid_sample counts in halves of an image, from its middle
        moved = smooth_fields(nodes * (2 / (np.array([[width], [height]]) - 1)), images)
        places = moved.add_(_at_rest(height, width, str(images.device)))
        return F.grid_sample(images, places, mode="bilinear", padding_mode="reflection", align_corners=True)


@lru_cache(maxsize=4)
def _at_rest(height: int, width: int, device: str) -> Tensor:
    """Returns where grid_sample finds each pixel itself, float32 [H, W, 2]."""
    down, across = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
    return torch.stack(torch.meshgrid(across, down, indexing="xy"), 2).to(device)
