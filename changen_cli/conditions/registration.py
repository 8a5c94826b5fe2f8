"""The condition ``registration``: images that do not lie on each other."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from changen_cli.conditions.base import Draw, Drawn
from changen_cli.conditions.numbers import column, smooth_field
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
        across = self._places(drawn["warp_x"], drawn["shift"][:, 0], width, images)
        down = self._places(drawn["warp_y"], drawn["shift"][:, 1], height, images)
        places = torch.stack(
            [
                across.add_(torch.linspace(-1, 1, width, device=images.device)),
                down.add_(torch.linspace(-1, 1, height, device=images.device).unsqueeze(1)),
            ],
            dim=3,
        )
        return F.grid_sample(images, places, mode="bilinear", padding_mode="reflection", align_corners=True)

    @staticmethod
    def _places(
        nodes: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
        shift: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
        size: int,
        images: Tensor,
    ) -> Tensor:
        """Returns how far from a pixel its colour is taken, [B, H, W], in units of half an image."""
        return smooth_field(nodes, images).add_(column(shift, images)[:, 0]).mul_(2 / (size - 1))
