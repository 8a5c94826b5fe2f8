"""The event ``relocate``: buildings that stand somewhere else afterwards."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator

from changen_cli.events.altering import Alterations
from changen_cli.events.base import Proposal, Site
from changen_cli.events.choosing import HELP, ClassNumbers, chosen
from changen_cli.events.geometry import Floats, Outline, Outlines, fit, shift, turn_and_scale
from changen_cli.events.room import drawn_size
from changen_cli.options import LOW_TO_HIGH, Ge, Le, Number, Says, Whole, option, options
from changen_cli.scenes.layout import Layout


def _some_distance(distance: tuple[float, float]) -> tuple[float, float]:
    if math.isinf(distance[0]) or distance[1] <= 0:
        raise ValueError("no distance")
    return distance


Distances = Annotated[
    tuple[Annotated[float, Ge(0)], Annotated[float, Ge(0)]],
    LOW_TO_HIGH,
    AfterValidator(_some_distance),
    Says("low:high, two numbers of at least 0, low below inf and not above high, high above 0"),
]
"""Least and largest distance, which may be infinite."""


@options()
class Relocate:
    """Moves footprints to free ground elsewhere on the tile; they keep their uid and outline.

    The new place keeps the gap from the old one too, so S_t xor S_t+1 shows both in full: a shift by less than its own
    size would leave only two slivers, and no one would call it a building that moved. Only footprints whose whole
    outline is known move: none that touches the tile's edge or reaches beyond the allowed ground.
    """

    name: ClassVar[str] = "relocate"
    kinds: ClassVar[frozenset[str]] = frozenset({"alter"})

    distance: Distances = option(
        default=(0.0, math.inf), help="How far the centroid moves, pixels; 0:inf is anywhere on the tile."
    )
    turn: Annotated[Number, Ge(0), Le(180)] = option(
        default=0.0, help="Largest turn on the way, to either side, degrees."
    )
    attempts: Annotated[Whole, Ge(1), Le(10_000)] = option(
        default=64, help="Footprints and places tried for one change before giving up."
    )
    min_area: Annotated[Number, Ge(1)] = option(default=16.0, help="Smallest footprint that is moved, pixels drawn.")

    classes: ClassNumbers = option(default=None, help=HELP)

    @property
    def categories(self) -> frozenset[int]:
        """The classes of what is changed."""
        return chosen(self.classes)

    def propose(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        """Moves footprints; see :meth:`changen_cli.events.base.Event.propose`."""
        alterations = Alterations(self.name, layout, site, rng, self.attempts, self.categories)
        if (area := alterations.room.area) is None:
            return alterations.proposal(
                "nothing may be placed on this tile: no valid pixel lies outside the exclusions"
            )
        least, most = self.distance
        anywhere = most >= math.hypot(layout.height, layout.width)

        def moved(outlines: Outlines, centres: Floats) -> Outlines:
            n = len(outlines)
            turn = rng.uniform(-self.turn, self.turn, size=n)
            turned = turn_and_scale(outlines, centres, turn, np.ones(n))
            if anywhere:
                return shift(turned, fit(turned, area, rng.random((n, 2))))
            angle = rng.uniform(0.0, 2 * math.pi, size=n)
            far = np.sqrt(rng.uniform(least**2, most**2, size=n))  # of even density over the ring
            return shift(turned, centres + np.stack([far * np.cos(angle), far * np.sin(angle)], axis=1))

        def far_enough(before: Outline, after: Outline) -> bool:
            return drawn_size(after) >= self.min_area and before.centroid.distance(after.centroid) >= least

        for _ in range(count):
            if not alterations.make(moved, far_enough, overlap_own=False):
                return alterations.proposal(f"found no footprint that has room elsewhere in {self.attempts} attempts")
        return alterations.proposal()
