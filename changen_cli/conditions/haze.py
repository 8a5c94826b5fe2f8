"""The condition ``haze``: air that scatters light."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from torch import Tensor

from changen_cli.conditions.base import Draw, Drawn
from changen_cli.conditions.numbers import column
from changen_cli.conditions.options import Strength, strength
from changen_cli.options import Ge, Le, Number, option, options


@options()
class Haze:
    """Mixes the image with the colour of the air."""

    name: ClassVar[str] = "haze"

    strength: Strength = strength()
    share: Annotated[Number, Ge(0), Le(1)] = option(default=0.35, help="Most of the air in a pixel, of 1.")
    air: Annotated[Number, Ge(0), Le(1)] = option(default=0.8, help="Brightness of the air, of 1.")

    def draw(self, rng: np.random.Generator, bands: int) -> Draw:
        """Draws; see :meth:`changen_cli.conditions.base.Condition.draw`."""
        return {"share": min(1.0, rng.uniform(0, self.share) * self.strength)}

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Applies; see :meth:`changen_cli.conditions.base.Condition.apply`."""
        share = column(drawn["share"], images)
        return images.mul_(1 - share).add_(share * self.air)
