"""The event ``scale``: buildings that grow or shrink."""

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
class Scale:
    """Lets footprints grow or shrink about their centroids.

    Only footprints whose whole outline is known change: none that touches the tile's edge or reaches beyond the
    allowed ground. What grows keeps the gap from all others.
    """

    name: ClassVar[str] = "scale"
    kinds: ClassVar[frozenset[str]] = frozenset({"alter"})

    factor: tuple[float, float] = field(
        default=(1.2, 1.8),
        metadata={"help": "Ratio of the lengths after to those before; one over it where it shrinks (1.05 to 10)."},
    )
    grow: float = field(default=0.5, metadata={"help": "Part of the changes that grow; the others shrink (0 to 1)."})
    attempts: int = field(
        default=64, metadata={"help": "Footprints and factors tried for one change before giving up (1 to 10000)."}
    )
    min_area: float = field(
        default=16.0, metadata={"help": "Smallest footprint that may result, pixels drawn (1 or more)."}
    )
    min_change: float = field(
        default=0.1, metadata={"help": "Least part of a footprint's pixels that must differ afterwards (0.01 to 1)."}
    )

    def __post_init__(self) -> None:
        check_range("factor", self.factor, 1.05, 10)
        check_number("grow", self.grow, 0, 1)
        check_whole("attempts", self.attempts, 1, 10_000)
        check_number("min_area", self.min_area, 1)
        check_number("min_change", self.min_change, 0.01, 1)

    def propose(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        """Scales footprints; see :meth:`changen_cli.events.base.Event.propose`."""

        def grown(outlines: Outlines, centres: Floats) -> Outlines:
            factor = rng.uniform(*self.factor, size=len(outlines))
            return shift(turn_and_scale(outlines, centres, np.zeros(len(outlines)), factor), centres)

        def shrunk(outlines: Outlines, centres: Floats) -> Outlines:
            factor = 1.0 / rng.uniform(*self.factor, size=len(outlines))
            return shift(turn_and_scale(outlines, centres, np.zeros(len(outlines)), factor), centres)

        def visible(before: Outline, after: Outline) -> bool:
            return drawn_size(after) >= self.min_area and differing_part(before, after) >= self.min_change

        movers = Movers(self.name, layout, site, rng, self.attempts)
        for _ in range(count):
            grows = rng.random() < self.grow
            if not movers.change(grown if grows else shrunk, visible, leaves=True):
                way = "has room to grow" if grows else f"can shrink and keep {self.min_area:g} px"
                return movers.proposal(f"found no footprint that {way} in {self.attempts} attempts")
        return movers.proposal()
