"""Room on the ground: where a footprint may stand, found in a bounded number of attempts.

Every event that puts an outline somewhere asks here, and the simulator asks again for what a plugin hands it, so there
is one rule: wholly on allowed ground, inside the canvas, the site's gap from every footprint of the layout and of S_t.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from changen_cli.events.base import Site
from changen_cli.events.geometry import Floats, Outline, Outlines, drawn, outline_array, window_of
from changen_cli.events.obstacles import Models, obstacles, uncut
from changen_cli.scenes.layout import BUILDING, Footprint, Layout
from changen_cli.types import BoolArray

BATCH = 16
"""Candidates drawn and tested together: enough to pay for the calls, few enough to stop early where there is room."""

_VISIBLE = 0.5
"""Least part of a footprint that must not be hidden under others if its removal is to count as a change."""

_CUT = 0.999
"""A candidate with less of its owner's area may be a part of it."""

_LAST_BIT = 1e-6
"""How far corners may lie off the edge that they were computed on, pixels."""


class Room:
    """The free ground of one layout, for one call of one event.

    Attributes:
        layout: The layout as it stands.
        site: Where building is allowed.
    """

    def __init__(self, layout: Layout, site: Site) -> None:
        """Indexes what is in the way.

        Args:
            layout: The layout as it stands.
            site: Where building is allowed; footprints of ``site.occupied`` are in the way too.
        """
        self.layout = layout
        self.site = site
        self._obstacles = obstacles(layout, site)
        self._claimed = _Claims()

    @property
    def area(self) -> tuple[float, float, float, float] | None:
        """Bounds of the ground where anything may be placed, (min x, min y, max x, max y); None if there is none."""
        if self.site.allowed.is_empty:
            return None
        x0, y0, x1, y1 = self.site.allowed.bounds
        x0, y0, x1, y1 = (
            max(x0, 0.0),
            max(y0, 0.0),
            min(x1, float(self.layout.width)),
            min(y1, float(self.layout.height)),
        )
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def claim(self, outline: Outline) -> None:
        """Takes ground, so that nothing else of this call is placed there."""
        self._claimed.add(outline)

    def models(self, category: int = BUILDING) -> Models:
        """Returns the outlines that walls of new objects of a class are aligned to."""
        return self._obstacles.models(category)

    def directions(self, points: Floats, category: int = BUILDING) -> Floats | None:
        """Finds the direction of the walls of the outline nearest to each point.

        The tile's edge is one of the edges of every outline that it cuts, which would bias the direction. So those are
        left out, unless there are no others.

        Args:
            points: x and y, float64 [n, 2].
            category: Class of what is to be aligned; to outlines of it alone, if there are any.

        Returns:
            Degrees, float64 [n], as :func:`~changen_cli.events.geometry.main_directions` gives them; None if the layout
            is empty.
        """
        if not self.layout.footprints:
            return None
        models = self.models(category)
        found: Floats = models.directions[models.nearest(points)]
        return found

    def free(self, candidates: Outlines, owners: Sequence[Footprint | None] = (), slack: float = 0.0) -> BoolArray:
        """Tells which candidates may stand where they are.

        Args:
            candidates: Outlines in pixel coordinates, [n].
            owners: For each candidate the footprint that it takes the place of, which is then not in the way; None, or
                no owners at all, where everything is. A candidate that covers no ground that its owner did not (a
                building that shrinks) is always free: the gap and the allowed ground are asked of new ground only.
            slack: How far short of the gap still passes, pixels.

        Returns:
            bool [n].
        """
        bounds = shapely.bounds(candidates)
        ok: BoolArray = (bounds >= 0.0).all(axis=1) & (bounds[:, 2] <= self.layout.width)
        ok &= bounds[:, 3] <= self.layout.height
        inside = ok.copy()
        ok &= np.asarray(shapely.covers(self.site.allowed, candidates), np.bool_)
        own = np.full(len(candidates), -1, np.int64)
        if owners:
            own[:] = [-1 if f is None else f.uid for f in owners]
        looked_at = np.flatnonzero(ok)
        gap = max(self.site.gap - slack, 0.0)
        around = shapely.box(*(bounds[looked_at] + np.array([-gap, -gap, gap, gap])).T)
        there = self._obstacles
        hit, other = there.tree.query(around)
        hit = looked_at[hit]
        others = there.uids[other] != own[hit]
        hit, other = hit[others], other[others]
        clash = np.asarray(shapely.dwithin(there.blocking[other], candidates[hit], gap), np.bool_)
        if slack > 0.0 and gap == 0.0:  # without a gap, walls may touch; only shared ground is a clash
            clash &= shapely.area(shapely.intersection(candidates[hit], there.blocking[other])) > slack
        ok[hit[clash]] = False
        if self._claimed:
            hit, claimed = self._claimed.near(bounds, gap)
            ok[hit[shapely.dwithin(candidates[hit], claimed, gap)]] = False
        if owners:
            refused = np.flatnonzero(inside & ~ok & (own >= 0))
            before = outline_array([f.polygon for f in (owners[i] for i in refused.tolist()) if f is not None])
            ok[refused] = shapely.covers(before, candidates[refused])
            cut = refused[~ok[refused] & (shapely.area(candidates[refused]) < _CUT * shapely.area(before))]
            if cut.size:  # the corners of a part that was cut off lie on its edges but for the last bit
                whole = outline_array([f.polygon for f in (owners[i] for i in cut.tolist()) if f is not None])
                ok[cut] = shapely.covers(shapely.buffer(whole, _LAST_BIT), candidates[cut])
        return ok

    def whole(self, outlines: Outlines) -> BoolArray:
        """Tells which outlines are known whole, so that they can be moved, turned or scaled.

        The edge of the canvas, and that of the valid pixels, may have cut an outline that touches it. The site does
        not tell the latter from the edge of an exclusion, so an outline that touches either is left as it is.

        Args:
            outlines: Outlines in pixel coordinates, [n].

        Returns:
            bool [n].
        """
        allowed = np.asarray(shapely.contains_properly(self.site.allowed, outlines), np.bool_)
        return uncut(outlines, self.layout) & allowed

    def visible(self, footprint: Footprint, min_area: float) -> bool:
        """Tells whether the masks would show that a footprint is gone: enough of it is not hidden under others.

        Args:
            footprint: A footprint of the layout.
            min_area: Least pixels that must be visible.
        """
        window = window_of(footprint.polygon)
        window = (
            max(window[0], 0),
            max(window[1], 0),
            min(window[2], self.layout.width),
            min(window[3], self.layout.height),
        )
        if window[0] >= window[2] or window[1] >= window[3]:
            return False
        pixels = drawn(footprint.polygon, window)
        whole = int(pixels.sum())
        for other in self._obstacles.near.query(footprint.polygon):
            if self.layout.footprints[other].uid != footprint.uid:
                pixels &= ~drawn(self.layout.footprints[other].polygon, window)
        return int(pixels.sum()) >= max(min_area, _VISIBLE * whole, 1)


class _Claims:
    """Outlines that were placed, found by their bounds: a scene may get thousands at once."""

    def __init__(self) -> None:
        self._outlines: list[Outline] = []
        self._bounds = np.empty((0, 4))

    def __len__(self) -> int:
        return len(self._outlines)

    def add(self, outline: Outline) -> None:
        count = len(self._outlines)
        if count == len(self._bounds):
            self._bounds = np.concatenate([self._bounds, np.empty((max(16, count), 4))])
        self._bounds[count] = outline.bounds
        self._outlines.append(outline)

    def near(self, bounds: Floats, gap: float) -> tuple[NDArray[np.intp], Outlines]:
        """Finds pairs that may be within ``gap``: the number of a candidate with these bounds, and what is there."""
        there = self._bounds[: len(self._outlines), None]
        apart = (there[..., :2] > bounds[:, 2:] + gap) | (there[..., 2:] < bounds[:, :2] - gap)
        claimed, candidate = np.nonzero(~apart.any(axis=2))
        return candidate, outline_array([self._outlines[number] for number in claimed.tolist()])


def search(
    room: Room,
    attempts: int,
    draw: Callable[[int], tuple[Outlines, Sequence[Footprint | None]]],
    accept: Callable[[Outline, Footprint | None], bool],
    overlap_own: bool,
) -> tuple[Outline, Footprint | None] | None:
    """Draws candidates until one of them may stand, and claims its ground.

    Args:
        room: The free ground.
        attempts: Candidates at most.
        draw: Draws n candidates, each with the footprint it comes from, if any.
        accept: What a candidate must meet beyond having room; asked only of those that have it.
        overlap_own: Whether a candidate may overlap the footprint that it comes from.

    Returns:
        The outline and the footprint it comes from; None if no candidate would do.
    """
    left = attempts
    while left > 0:
        candidates, owners = draw(min(BATCH, left))
        left -= len(candidates)
        for i in np.flatnonzero(room.free(candidates, owners if overlap_own else ())).tolist():
            if candidates[i].is_valid and accept(candidates[i], owners[i]):
                room.claim(candidates[i])
                return candidates[i], owners[i]
    return None


def drawn_size(outline: Outline) -> float:
    """Measures how large an outline will look: the pixels that it draws, or its area where that is less.

    A very thin outline along a row of pixel centres draws all of them, and none of them if it is shifted a little, so
    neither number alone is enough.
    """
    return min(float(drawn(outline, window_of(outline)).sum()), outline.area)


def differing_part(before: Outline, after: Outline) -> float:
    """Measures how much of an outline's drawing a change alters.

    Args:
        before: The outline in S_t.
        after: The outline in S_t+1.

    Returns:
        Pixels that only one of them draws, over the pixels that ``before`` draws; infinite if that draws none.
    """
    window = window_of(before, after)
    old, new = drawn(before, window), drawn(after, window)
    pixels = int(old.sum())
    return int((old ^ new).sum()) / pixels if pixels else float("inf")
