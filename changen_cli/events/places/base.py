"""What a rule for places is: a test of where a new object would stand, beyond having room there.

A rule is a plugin of the entry point group ``changen.places``, and like an event a frozen dataclass whose fields are
its parameters. ``create`` asks it of a candidate that has room; a candidate stands where all rules accept it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import shapely

from changen_cli.events.geometry import Outline, outline_array
from changen_cli.events.room import Room
from changen_cli.scenes.layout import Layout


@dataclass(frozen=True)
class Ground:
    """What a rule may look at.

    Attributes:
        room: The free ground, with the layout as it stands and the site.
        category: Class of the new object.
    """

    room: Room
    category: int

    @property
    def layout(self) -> Layout:
        """The layout as it stands, without what this call of the event has placed."""
        return self.room.layout

    @cached_property
    def _trees(self) -> dict[frozenset[int], shapely.STRtree]:
        return {}

    def nearest(self, outline: Outline, classes: frozenset[int]) -> float:
        """Measures the distance of an outline to the nearest footprint of some classes, pixels; infinite without one.

        Args:
            outline: In pixel coordinates.
            classes: Their numbers.
        """
        if classes not in self._trees:
            found = [f.polygon for f in self.layout.footprints if f.category in classes]
            self._trees[classes] = shapely.STRtree(outline_array(found))
        _, distance = self._trees[classes].query_nearest(outline, return_distance=True, all_matches=False)
        return float(distance[0]) if len(distance) else float("inf")


@runtime_checkable
class Place(Protocol):
    """The plugin protocol of the entry point group ``changen.places``."""

    name: ClassVar[str]

    def accept(self, outline: Outline, ground: Ground, rng: np.random.Generator) -> bool:
        """Tells whether a new object may stand somewhere.

        Args:
            outline: Where it would stand; it has room there.
            ground: What is around.
            rng: The only source of randomness.
        """
        ...

    def lacks(self, ground: Ground) -> str:
        """Says why nothing at all can be placed by this rule, in words; empty if something may be."""
        ...
