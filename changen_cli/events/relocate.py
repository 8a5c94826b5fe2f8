"""The event ``relocate``: buildings that stand somewhere else afterwards."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from changen_cli.errors import UsageError
from changen_cli.events.base import Proposal, Site
from changen_cli.events.geometry import Floats, Outline, Outlines, fit, shift, turn_and_scale
from changen_cli.events.moving import Movers
from changen_cli.events.parameters import check_number, check_range, check_whole, write_value
from changen_cli.events.room import drawn_size
from changen_cli.scenes.layout import Layout


@dataclass(frozen=True)
class Relocate:
    """Moves footprints to free ground elsewhere on the tile; they keep their uid and outline.

    The new place keeps the gap from the old one too, so S_t xor S_t+1 shows both in full: a shift by less than its own
    size would leave only two slivers, and no one would call it a building that moved. Only footprints whose whole
    outline is known move: none that touches the tile's edge or reaches beyond the allowed ground.
    """

    name: ClassVar[str] = "relocate"
    kinds: ClassVar[frozenset[str]] = frozenset({"alter"})

    distance: tuple[float, float] = field(
        default=(0.0, math.inf), metadata={"help": "How far the centroid moves, pixels; 0:inf is anywhere on the tile."}
    )
    turn: float = field(default=0.0, metadata={"help": "Largest turn on the way, to either side, degrees (0 to 180)."})
    attempts: int = field(
        default=64, metadata={"help": "Footprints and places tried for one change before giving up (1 to 10000)."}
    )
    min_area: float = field(
        default=16.0, metadata={"help": "Smallest footprint that is moved, pixels drawn (1 or more)."}
    )

    def __post_init__(self) -> None:
        check_range("distance", self.distance, 0)
        if math.isinf(self.distance[0]) or self.distance[1] <= 0:
            raise UsageError(f"distance={write_value(self.distance)}: must begin below inf and end above 0")
        check_number("turn", self.turn, 0, 180)
        check_whole("attempts", self.attempts, 1, 10_000)
        check_number("min_area", self.min_area, 1)

    def propose(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        """Moves footprints; see :meth:`changen_cli.events.base.Event.propose`."""
        movers = Movers(self.name, layout, site, rng, self.attempts)
        if (area := movers.room.area) is None:
            return movers.proposal("nothing may be placed on this tile: no valid pixel lies outside the exclusions")
        least, most = self.distance
        anywhere = most >= math.hypot(layout.height, layout.width)

        def moved(outlines: Outlines, centres: Floats) -> Outlines:
            n = len(outlines)
            turn = rng.uniform(-self.turn, self.turn, size=n)
            turned = turn_and_scale(outlines, centres, turn, np.ones(n))
            if anywhere:
                return shift(turned, fit(turned, area, rng.random((n, 2))))
            angle = rng.uniform(0.0, 2 * math.pi, size=n)
            far = np.sqrt(rng.uniform(least**2, most**2, size=n))  # even over the ring, not crowded at its inner edge
            return shift(turned, centres + np.stack([far * np.cos(angle), far * np.sin(angle)], axis=1))

        def far_enough(before: Outline, after: Outline) -> bool:
            return drawn_size(after) >= self.min_area and before.centroid.distance(after.centroid) >= least

        for _ in range(count):
            if not movers.change(moved, far_enough, leaves=False):
                return movers.proposal(f"found no footprint that has room elsewhere in {self.attempts} attempts")
        return movers.proposal()
