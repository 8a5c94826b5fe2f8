"""The event ``scale``: buildings that grow or shrink."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from changen_cli.events.altering import Alterations
from changen_cli.events.base import Proposal, Site
from changen_cli.events.choosing import HELP, ClassNumbers, chosen
from changen_cli.events.geometry import Floats, Outline, Outlines, shift, turn_and_scale
from changen_cli.events.room import differing_part, drawn_size
from changen_cli.options import LOW_TO_HIGH, Ge, Le, Number, Whole, option, options
from changen_cli.scenes.layout import Layout

Factor = Annotated[Number, Ge(1.05), Le(10)]
"""Ratio of lengths."""


@options()
class Scale:
    """Lets footprints grow or shrink about their centroids.

    Only footprints whose whole outline is known change: none that touches the tile's edge or reaches beyond the
    allowed ground. What grows keeps the gap from all others.
    """

    name: ClassVar[str] = "scale"
    kinds: ClassVar[frozenset[str]] = frozenset({"alter"})

    factor: Annotated[tuple[Factor, Factor], LOW_TO_HIGH] = option(
        default=(1.2, 1.8), help="Ratio of the lengths after to those before; one over it where it shrinks."
    )
    grow: Annotated[Number, Ge(0), Le(1)] = option(
        default=0.5, help="Part of the changes that grow; the others shrink."
    )
    attempts: Annotated[Whole, Ge(1), Le(10_000)] = option(
        default=64, help="Footprints and factors tried for one change before giving up."
    )
    min_area: Annotated[Number, Ge(1)] = option(default=16.0, help="Smallest footprint that may result, pixels drawn.")
    min_change: Annotated[Number, Ge(0.01), Le(1)] = option(
        default=0.1, help="Least part of a footprint's pixels that must differ afterwards."
    )

    classes: ClassNumbers = option(default=None, help=HELP)

    @property
    def categories(self) -> frozenset[int]:
        """The classes of what is changed."""
        return chosen(self.classes)

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

        alterations = Alterations(self.name, layout, site, rng, self.attempts, self.categories)
        for _ in range(count):
            grows = rng.random() < self.grow
            if not alterations.make(grown if grows else shrunk, visible, overlap_own=True):
                way = "has room to grow" if grows else f"can shrink and keep {self.min_area:g} px"
                return alterations.proposal(f"found no footprint that {way} in {self.attempts} attempts")
        return alterations.proposal()
