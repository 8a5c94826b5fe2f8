"""The event ``damage``: buildings that a disaster destroys or breaks, on the scale of xBD (Gupta et al. 2019).

Of its four levels two can be drawn by what a layout says of a building, which is its outline:

- ``destroyed`` ("completely collapsed ... or otherwise no longer present"): the building is gone, as with ``remove``.
- ``major`` ("partial wall or roof collapse"): a part of the building is gone, cut off across its longer side.

What is left in place of a building is what the synthesizer makes of ground: it knows no rubble and no scorched earth.
``minor`` (cracks, missing roof elements) and ``no-damage`` change no outline, so nothing would be drawn. Which level a
change is, its record tells: nothing stands afterwards, or less.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np
import shapely
from pydantic import Field
from shapely.geometry import Polygon

from changen_cli.events.altering import Alterations
from changen_cli.events.base import Change, Proposal, Site
from changen_cli.events.choosing import HELP, ClassNumbers, chosen
from changen_cli.events.geometry import GRID, Floats, Outline, Outlines, main_directions, outline_array, turn_and_scale
from changen_cli.events.remove import Remove
from changen_cli.events.room import drawn_size
from changen_cli.options import LOW_TO_HIGH, Ge, Le, Number, Says, Whole, option, options
from changen_cli.scenes.layout import Layout
from changen_cli.types import BoolArray

DESTROYED, MAJOR = "destroyed", "major"

Levels = Annotated[
    tuple[Literal["destroyed", "major"], ...],
    Field(min_length=1),
    Says(
        "destroyed, major or destroyed:major; minor damage and none change no outline, so a synthesizer cannot draw "
        "them"
    ),
]
"""Levels of damage that can be drawn."""

Share = Annotated[Number, Ge(0.1), Le(0.9)]


@options()
class Damage:
    """Destroys footprints, or breaks off a part of them: xBD's destroyed and major damage.

    Destroyed ones are gone, as with ``remove``; of one with major damage a part stands. Only footprints whose whole
    outline is known break: none that touches the tile's edge or reaches beyond the allowed ground. No rubble is drawn.
    """

    name: ClassVar[str] = "damage"

    level: Levels = option(
        default=("destroyed",),
        help="How bad it is, each level as likely: destroyed (gone) or major (a part collapsed), as in "
        "destroyed:major. Minor damage cannot be drawn.",
    )
    standing: Annotated[tuple[Share, Share], LOW_TO_HIGH] = option(
        default=(0.35, 0.75), help="Part of the length of a building that stands after major damage."
    )
    attempts: Annotated[Whole, Ge(1), Le(10_000)] = option(
        default=64, help="Footprints and cuts tried for one major damage before giving up."
    )
    min_area: Annotated[Number, Ge(1)] = option(
        default=16.0, help="Smallest footprint that is damaged, and smallest part of one that stands or falls, pixels."
    )
    classes: ClassNumbers = option(default=None, help=HELP)

    @property
    def kinds(self) -> frozenset[str]:
        """What the levels do: remove, alter or both."""
        return frozenset({"remove" if level == DESTROYED else "alter" for level in self.level})

    @property
    def categories(self) -> frozenset[int]:
        """The classes of what is damaged."""
        return chosen(self.classes)

    def propose(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        """Damages footprints; see :meth:`changen_cli.events.base.Event.propose`."""
        drawn = rng.integers(len(self.level), size=count)
        major = sum(self.level[number] == MAJOR for number in drawn.tolist())
        broken = self._break(layout, site, rng, major) if major else Proposal()
        touched = {c.before.uid for c in broken.changes if c.before is not None}
        gone = Proposal()
        if count > major:
            rest = replace(site, settled=site.settled | touched)
            gone = Remove(min_area=self.min_area, classes=self.classes).propose(layout, rest, rng, count - major)
        changes = tuple(Change(self.name, 0, c.before, c.after) for c in (*broken.changes, *gone.changes))
        reasons = [reason for reason in (broken.reason, gone.reason) if reason]
        return Proposal(changes, "; ".join(dict.fromkeys(reasons)))

    def _break(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        """Breaks a part off footprints."""
        alterations = Alterations(self.name, layout, site, rng, self.attempts, self.categories)

        def cut(outlines: Outlines, centres: Floats) -> Outlines:
            n = len(outlines)
            return cut_off(outlines, centres, rng.uniform(*self.standing, size=n), rng.random(n) < 0.5)

        def shows(before: Outline, after: Outline) -> bool:
            return drawn_size(after) >= self.min_area and drawn_size(before) - drawn_size(after) >= self.min_area

        for _ in range(count):
            if not alterations.make(cut, shows, overlap_own=True):
                return alterations.proposal(f"found no footprint that can break in {self.attempts} attempts")
        return alterations.proposal()


def cut_off(outlines: Outlines, centres: Floats, standing: Floats, other_end: BoolArray) -> Outlines:
    """Cuts a part off outlines, across their longer side.

    Args:
        outlines: Outlines, [n].
        centres: A point of each, float64 [n, 2].
        standing: Part of the longer side that stands, float64 [n], 0..1.
        other_end: Which end stands, bool [n].

    Returns:
        What stands, its largest part if the cut leaves several, [n]; the outline itself where nothing would. Corners
        that it keeps are those of the outline.
    """
    turn = main_directions(outlines)
    bounds = shapely.bounds(turn_and_scale(outlines, centres, -turn, np.ones(len(outlines))))
    size = bounds[:, 2:] - bounds[:, :2]
    across = (size[:, 1] > size[:, 0]).astype(np.int64)
    rows = np.arange(len(outlines))
    length = size[rows, across] * standing
    kept = np.stack([bounds[:, :2] - 1, bounds[:, 2:] + 1], axis=1)  # [n, (low, high), (x, y)]
    kept[rows, 1 - other_end.astype(np.int64), across] = np.where(
        other_end, bounds[rows, 2 + across] - length, bounds[rows, across] + length
    )
    result = []
    for outline, centre, angle, ((x0, y0), (x1, y1)) in zip(outlines, centres, np.deg2rad(turn), kept, strict=True):
        corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        cos, sin = np.cos(angle), np.sin(angle)
        placed = corners @ np.array([[cos, sin], [-sin, cos]]) + centre
        # on the grid, so that the last bits of a sine decide nothing
        result.append(_largest(shapely.intersection(outline, Polygon(np.round(placed * GRID) / GRID))) or outline)
    return outline_array(result)


def _largest(geometry: shapely.Geometry) -> Outline | None:
    """Returns the largest polygon of an intersection; None where there is none."""
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon) and part.area > 0]
    return max(parts, key=lambda part: part.area, default=None)
