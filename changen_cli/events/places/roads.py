"""The rule ``roads``: beside a road, and not far from it."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from changen_cli.events.choosing import ClassNumbers
from changen_cli.events.geometry import Outline
from changen_cli.events.places.base import Ground
from changen_cli.options import LOW_TO_HIGH, Ge, Number, option, options


@options()
class Roads:
    """Keeps new objects within a distance of roads, which are footprints of a class of their own."""

    name: ClassVar[str] = "roads"

    classes: ClassNumbers = option(default=(2,), help="Numbers of the classes that are roads, as in 2:5.")
    distance: Annotated[tuple[Annotated[Number, Ge(0)], Annotated[Number, Ge(0)]], LOW_TO_HIGH] = option(
        default=(3.0, 40.0), help="Least and largest distance from the nearest one, wall to kerb, pixels."
    )

    def accept(self, outline: Outline, ground: Ground, rng: np.random.Generator) -> bool:
        """Tells whether a road is near enough, and not too near."""
        del rng
        least, most = self.distance
        return least <= ground.nearest(outline, self._roads) <= most

    def lacks(self, ground: Ground) -> str:
        """Says so if there is no road."""
        if any(f.category in self._roads for f in ground.layout.footprints):
            return ""
        return f"the rule roads finds no footprint of class {' or '.join(map(str, sorted(self._roads)))} here"

    @property
    def _roads(self) -> frozenset[int]:
        return frozenset(self.classes or (2,))
