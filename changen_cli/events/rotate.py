"""The event ``rotate``: buildings replaced by the same at another angle."""

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

Degrees = Annotated[Number, Ge(1), Le(180)]
"""Size of a turn."""


@options()
class Rotate:
    """Turns footprints about their centroids, to either side.

    Only footprints whose whole outline is known change: none that touches the tile's edge or reaches beyond the
    allowed ground. A turn that gives nearly the same outline, as a square's by a right angle, is no change.
    """

    name: ClassVar[str] = "rotate"
    kinds: ClassVar[frozenset[str]] = frozenset({"alter"})

    angle: Annotated[tuple[Degrees, Degrees], LOW_TO_HIGH] = option(
        default=(10.0, 90.0), help="Size of the turn, to either side, degrees."
    )
    attempts: Annotated[Whole, Ge(1), Le(10_000)] = option(
        default=64, help="Footprints and angles tried for one change before giving up."
    )
    min_area: Annotated[Number, Ge(1)] = option(default=16.0, help="Smallest footprint that is turned, pixels drawn.")
    min_change: Annotated[Number, Ge(0.01), Le(1)] = option(
        default=0.15, help="Least part of a footprint's pixels that must differ afterwards."
    )

    classes: ClassNumbers = option(default=None, help=HELP)

    @property
    def categories(self) -> frozenset[int]:
        """The classes of what is changed."""
        return chosen(self.classes)

    def propose(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        """Turns footprints; see :meth:`changen_cli.events.base.Event.propose`."""

        def turned(outlines: Outlines, centres: Floats) -> Outlines:
            side = np.where(rng.random(len(outlines)) < 0.5, -1.0, 1.0)
            turn = side * rng.uniform(*self.angle, size=len(outlines))
            return shift(turn_and_scale(outlines, centres, turn, np.ones(len(outlines))), centres)

        def visible(before: Outline, after: Outline) -> bool:
            return drawn_size(after) >= self.min_area and differing_part(before, after) >= self.min_change

        alterations = Alterations(self.name, layout, site, rng, self.attempts, self.categories)
        for _ in range(count):
            if not alterations.make(turned, visible, overlap_own=True):
                return alterations.proposal(
                    f"found no footprint that has room to turn visibly in {self.attempts} attempts"
                )
        return alterations.proposal()
