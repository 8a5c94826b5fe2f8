"""The rule ``density``: where others stand, with a probability that falls with the distance from them."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np

from changen_cli.events.geometry import Outline
from changen_cli.events.places.base import Ground
from changen_cli.options import Gt, Number, option, options


@options()
class Density:
    """Thins out new objects with the distance from others of their class: settlements grow at their edges."""

    name: ClassVar[str] = "density"

    reach: Annotated[Number, Gt(0)] = option(
        default=30.0, help="Distance from the nearest object over which the probability falls to 37 %, pixels."
    )

    def accept(self, outline: Outline, ground: Ground, rng: np.random.Generator) -> bool:
        """Draws with the probability exp(-distance / reach)."""
        return bool(rng.random() < math.exp(-ground.nearest(outline, frozenset({ground.category})) / self.reach))

    def lacks(self, ground: Ground) -> str:
        """Says so if nothing stands here."""
        if any(f.category == ground.category for f in ground.layout.footprints):
            return ""
        return f"the rule density finds no object of class {ground.category} to stand near"
