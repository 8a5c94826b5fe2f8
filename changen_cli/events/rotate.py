"""The event ``rotate``: buildings replaced by the same at another angle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from changen_cli.events.base import Proposal, Site
from changen_cli.events.geometry import Floats, Outline, Outlines, shift, turn_and_scale
from changen_cli.events.moving import Movers
from changen_cli.events.parameters import check_number, check_range, check_whole
from changen_cli.events.room import differing_part, drawn_size
from changen_cli.scenes.layout import Layout


@dataclass(frozen=True)
class Rotate:
    """Turns footprints about their centroids, to either side.

    Only footprints whose whole outline is known change: none that touches the tile's edge or reaches beyond the
    allowed ground. A turn that gives nearly the same outline, as a square's by a right angle, is no change.
    """

    name: ClassVar[str] = "rotate"
    kinds: ClassVar[frozenset[str]] = frozenset({"alter"})

    angle: tuple[float, float] = field(
        default=(10.0, 90.0), metadata={"help": "Size of the turn, to either side, degrees (1 to 180)."}
    )
    attempts: int = field(
        default=64, metadata={"help": "Footprints and angles tried for one change before giving up (1 to 10000)."}
    )
    min_area: float = field(
        default=16.0, metadata={"help": "Smallest footprint that is turned, pixels drawn (1 or more)."}
    )
    min_change: float = field(
        default=0.15, metadata={"help": "Least part of a footprint's pixels that must differ afterwards (0.01 to 1)."}
    )

    def __post_init__(self) -> None:
        check_range("angle", self.angle, 1, 180)
        check_whole("attempts", self.attempts, 1, 10_000)
        check_number("min_area", self.min_area, 1)
        check_number("min_change", self.min_change, 0.01, 1)

    def propose(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        """Turns footprints; see :meth:`changen_cli.events.base.Event.propose`."""

        def turned(outlines: Outlines, centres: Floats) -> Outlines:
            side = np.where(rng.random(len(outlines)) < 0.5, -1.0, 1.0)
            turn = side * rng.uniform(*self.angle, size=len(outlines))
            return shift(turn_and_scale(outlines, centres, turn, np.ones(len(outlines))), centres)

        def visible(before: Outline, after: Outline) -> bool:
            return drawn_size(after) >= self.min_area and differing_part(before, after) >= self.min_change

        movers = Movers(self.name, layout, site, rng, self.attempts)
        for _ in range(count):
            if not movers.change(turned, visible, leaves=True):
                return movers.proposal(f"found no footprint that has room to turn visibly in {self.attempts} attempts")
        return movers.proposal()
