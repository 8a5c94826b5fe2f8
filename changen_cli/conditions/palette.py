"""The condition ``palette``: the soils, roofs and plants of other countries."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
import torch
from torch import Tensor

from changen_cli.conditions.base import Draw, Drawn
from changen_cli.conditions.numbers import require_colours
from changen_cli.conditions.options import Strength, strength
from changen_cli.conditions.season import LUMA
from changen_cli.options import Ge, Le, Number, option, options

ABOUT_GREY = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
"""What turns colours about the axis of greys, as the matrix of a cross product with it."""


@options()
class Palette:
    """Turns the hues of some images, all by one angle; what is grey stays, and so does the brightness of the rest.

    Scenes of few places have few palettes: red soil, rusty roofs. A detector that is to work elsewhere must not know
    change, or buildings, by them. Bands beyond red, green and blue stay.
    """

    name: ClassVar[str] = "palette"

    strength: Strength = strength()
    chance: Annotated[Number, Ge(0), Le(1)] = option(default=0.5, help="Part of the images whose hues turn.")
    turn: Annotated[Number, Ge(0), Le(180)] = option(default=180.0, help="Most that they turn, either way, degrees.")

    def draw(self, rng: np.random.Generator, bands: int) -> Draw:
        """Draws; see :meth:`changen_cli.conditions.base.Condition.draw`."""
        lot, turn = rng.random(), rng.uniform(-self.turn, self.turn)
        return {"turn": min(180.0, max(-180.0, turn * self.strength)) if lot < self.chance else 0.0}

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Applies; see :meth:`changen_cli.conditions.base.Condition.apply`."""
        require_colours(self.name, images)
        for number in np.flatnonzero(drawn["turn"]):
            matrix = torch.from_numpy(_turned(drawn["turn"][number]).astype(np.float32)).to(images.device)
            colours = images[number, :3].flatten(1)
            images[number, :3] = (matrix @ colours).view_as(images[number, :3])
        return images


def _turned(degrees: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Returns the matrix that turns the hue of a colour [red, green, blue] and keeps its grey, float64 [3, 3]."""
    angle = math.radians(degrees)
    about = math.cos(angle) * np.eye(3) + (1 - math.cos(angle)) / 3 + math.sin(angle) * ABOUT_GREY
    # a turn about the axis of greys keeps the mean of the bands; what is seen as brightness weighs green most
    return about + np.ones((3, 1)) @ (np.array([LUMA]) @ (np.eye(3) - about))
