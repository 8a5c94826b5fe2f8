"""The condition ``season``: what grows turns, and all colours are more or less vivid."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from torch import Tensor

from changen_cli.conditions.base import Draw, Drawn
from changen_cli.conditions.numbers import column, require_colours
from changen_cli.conditions.options import Strength, strength
from changen_cli.options import LOW_TO_HIGH, Ge, Le, Number, option, options

Saturation = Annotated[Number, Ge(0), Le(4)]
Turn = Annotated[Number, Ge(-1), Le(1)]

LUMA = (0.299, 0.587, 0.114)
"""Red, green and blue in the grey of a colour (ITU-R BT.601)."""

BARE, GREEN = 0.03, 0.15
"""Excess green, 2 G - R - B, that grey ground stays below, and from which all of a pixel is vegetation."""


@options()
class Season:
    """Turns vegetation from green to brown or to a fuller green, and makes colours paler or more vivid.

    Vegetation is what is greener than red and blue are together (excess green). Bands beyond red, green and blue stay.
    """

    name: ClassVar[str] = "season"

    strength: Strength = strength()
    saturation: Annotated[tuple[Saturation, Saturation], LOW_TO_HIGH] = option(
        default=(0.3, 1.5), help="Factor on the saturation; 0 is grey."
    )
    turn: Annotated[tuple[Turn, Turn], LOW_TO_HIGH] = option(
        default=(-0.5, 1.0), help="How far vegetation turns: 1 is brown, below 0 is a fuller green."
    )

    def draw(self, rng: np.random.Generator, bands: int) -> Draw:
        """Draws; see :meth:`changen_cli.conditions.base.Condition.draw`."""
        return {
            "saturation": max(0.0, 1 + (rng.uniform(*self.saturation) - 1) * self.strength),
            "turn": rng.uniform(*self.turn) * self.strength,
        }

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Applies; see :meth:`changen_cli.conditions.base.Condition.apply`."""
        require_colours(self.name, images)
        saturation = column(drawn["saturation"], images)[:, 0]
        red, green, blue = images[:, 0], images[:, 1], images[:, 2]
        # G - R of vegetation, which a brown leaf has the other way round
        above_red = green - red
        turned = (green - blue).add_(above_red).sub_(BARE).mul_(1 / (GREEN - BARE)).clamp_(0, 1)
        turned.mul_(above_red).mul_(column(drawn["turn"], images)[:, 0])
        red += turned
        green -= turned.mul_(0.5)
        grey = (red * LUMA[0]).add_(green * LUMA[1]).add_(blue * LUMA[2]).mul_(1 - saturation)
        images[:, :3].mul_(saturation.unsqueeze(1)).add_(grey.unsqueeze(1))
        return images
