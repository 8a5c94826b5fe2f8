"""The event ``create``: new buildings, F_c of section 3.2.1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator

from changen_cli.events.base import Change, Proposal, Site
from changen_cli.events.geometry import (
    Floats,
    Outline,
    Outlines,
    fit,
    shift,
    turn_and_scale,
)
from changen_cli.events.places.base import Ground
from changen_cli.events.places.choose import read_places
from changen_cli.events.room import Room, drawn_size, search
from changen_cli.events.supply import Supply, supply
from changen_cli.options import LOW_TO_HIGH, Ge, Le, Number, Whole, option, options
from changen_cli.scenes.layout import BUILDING, Footprint, Layout

Ratio = Annotated[Number, Ge(0.05), Le(20)]
"""Of the new lengths to those of an outline."""


def _readable(places: str) -> str:
    read_places(places)
    return places


@options()
class Create:
    """Puts new footprints on free ground, in the outlines of the scene or of a library.

    F_c of section 3.2.1 pastes instances "on the rest area" of the label. Here an outline is drawn from
    ``site.outlines``, turned, scaled and placed at random, wholly on allowed ground, clear of every footprint of S_t.
    Settlements are aligned, so by default the walls follow those of the nearest footprint.
    """

    name: ClassVar[str] = "create"
    kinds: ClassVar[frozenset[str]] = frozenset({"create"})

    align: bool = option(
        default=True,
        help="Turn new footprints so that their walls follow those of the nearest one, to any quarter turn.",
    )
    jitter: Annotated[Number, Ge(0), Le(45)] = option(
        default=3.0, help="Largest deviation from the aligned direction, degrees."
    )
    turn: Annotated[Number, Ge(0), Le(180)] = option(
        default=180.0, help="Largest turn where there is nothing to align to, or without align, degrees."
    )
    scale: Annotated[tuple[Ratio, Ratio], LOW_TO_HIGH] = option(
        default=(0.8, 1.25), help="Ratio of the new lengths to those of the outline."
    )
    attempts: Annotated[Whole, Ge(1), Le(10_000)] = option(
        default=64, help="Places tried for one new footprint before giving up."
    )
    min_area: Annotated[Number, Ge(1)] = option(default=16.0, help="Smallest footprint created, pixels drawn.")
    category: Annotated[Whole, Ge(1), Le(255)] = option(
        default=BUILDING, help="Class of the new footprints in the masks."
    )
    places: Annotated[str, AfterValidator(_readable)] | None = option(
        default=None,
        help="Where they stand, besides having room: roads, density, aligned or rules of other packages, joined by +, "
        "as in roads(classes=2,distance=4:40)+aligned; none: anywhere. Raise create.attempts with it.",
    )

    @property
    def categories(self) -> frozenset[int]:
        """The class of the new footprints."""
        return frozenset({self.category})

    def propose(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        """Creates footprints; see :meth:`changen_cli.events.base.Event.propose`."""
        stock = supply(site.outlines, site.classes, self.category)
        outlines = stock.outlines
        if not len(outlines):
            of_class = f" of class {self.category}" if site.classes else ""
            return Proposal(
                reason=f"no outlines to create from: the scene has no whole footprint{of_class} and no library was "
                "given"
            )
        room = Room(layout, site)
        if (area := room.area) is None:
            return Proposal(reason="nothing may be placed on this tile: no valid pixel lies outside the exclusions")

        def draw(n: int) -> tuple[Outlines, Sequence[Footprint | None]]:
            chosen = rng.integers(len(outlines), size=n)
            where = rng.random((n, 2))
            turn = self._turns(room, stock, chosen, area, where, rng)
            scale = rng.uniform(*self.scale, size=n)
            turned = turn_and_scale(outlines[chosen], np.zeros((n, 2)), turn, scale)
            return shift(turned, fit(turned, area, where)), [None] * n

        def large_enough(outline: Outline, _: Footprint | None) -> bool:
            return drawn_size(outline) >= self.min_area

        rules = () if self.places is None else read_places(self.places)
        ground = Ground(room, self.category)
        if missing := [why for rule in rules if (why := rule.lacks(ground))]:
            return Proposal(reason=missing[0])

        def stands(outline: Outline, owner: Footprint | None) -> bool:
            return large_enough(outline, owner) and all(rule.accept(outline, ground, rng) for rule in rules)

        changes: list[Change] = []
        while len(changes) < count:
            found = search(room, self.attempts, draw, stands, overlap_own=False)
            if found is None:
                of_rules = "" if self.places is None else f", at places as {self.places} has them,"
                reason = (
                    f"no room for a new footprint of {self.min_area:g} px or more{of_rules} in {self.attempts} attempts"
                )
                return Proposal(tuple(changes), reason)
            new = Footprint(layout.next_uid + len(changes), found[0], self.category)
            changes.append(Change(self.name, 0, None, new))
        return Proposal(tuple(changes))

    def _turns(
        self,
        room: Room,
        stock: Supply,
        chosen: NDArray[np.int64],
        area: tuple[float, float, float, float],
        where: Floats,
        rng: np.random.Generator,
    ) -> Floats:
        """Draws the turn of each outline, degrees, float64 [n]."""
        corner, size = np.asarray(area[:2]), np.asarray(area[2:]) - np.asarray(area[:2])
        present = room.directions(corner + where * size, self.category) if self.align else None
        if present is None:
            return rng.uniform(-self.turn, self.turn, size=len(chosen))
        quarter = 90.0 * rng.integers(4, size=len(chosen))
        jitter = rng.uniform(-self.jitter, self.jitter, size=len(chosen))
        return present - stock.directions[chosen] + quarter + jitter
