"""What is in the way on a layout: outlines with their indexes, made once for all that ask about the same layout."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import shapely

from changen_cli.events.base import Site
from changen_cli.events.geometry import Floats, Outlines, main_directions, outline_array
from changen_cli.scenes.layout import Layout
from changen_cli.types import AnyArray, BoolArray


class Models:
    """What walls are aligned to: outlines that the edge of a layout does not cut; all if there are no others.

    Attributes:
        outlines: They, [n].
        tree: Their index.
    """

    def __init__(self, outlines: Outlines) -> None:
        """Indexes outlines."""
        self.outlines = outlines
        self.tree = shapely.STRtree(outlines)

    @cached_property
    def directions(self) -> Floats:
        """The direction of the walls of each, degrees, float64 [n]."""
        return main_directions(self.outlines)

    def nearest(self, points: Floats) -> AnyArray:
        """Returns the number of the nearest one to each point, [m, 2]."""
        return np.asarray(self.tree.nearest(shapely.points(points)))


class Obstacles:
    """What is in the way on a layout and a site, indexed; all rooms of the two share it.

    Attributes:
        layout: The layout.
        site: The site.
        blocking: Outlines in the way: first those of the layout, then those of ``site.occupied`` that it has not.
        uids: Of each, int64.
        tree: Of all of them.
    """

    def __init__(self, layout: Layout, site: Site) -> None:
        """Indexes them.

        Args:
            layout: The layout as it stands.
            site: Where building is allowed.
        """
        self.layout, self.site = layout, site
        here = {id(f) for f in layout.footprints}
        blocking = [*layout.footprints, *[f for f in site.occupied if id(f) not in here]]
        self.blocking = outline_array([f.polygon for f in blocking])
        self.uids = np.array([f.uid for f in blocking], np.int64)
        self.tree = shapely.STRtree(self.blocking)
        shapely.prepare(self.blocking)
        shapely.prepare(site.allowed)
        self._models: dict[int, Models] = {}

    @cached_property
    def near(self) -> shapely.STRtree:
        """The index of the outlines of the layout alone."""
        count = len(self.layout.footprints)
        return self.tree if count == len(self.blocking) else shapely.STRtree(self.blocking[:count])

    def models(self, category: int) -> Models:
        """Finds what walls of new objects are aligned to.

        Args:
            category: Class of the new objects; those of it count alone, if there are any.
        """
        if category not in self._models:
            outlines = self.blocking[: len(self.layout.footprints)]
            same = np.array([f.category == category for f in self.layout.footprints], np.bool_)
            outlines = outlines[same] if same.any() else outlines
            whole = outlines[uncut(outlines, self.layout)]
            self._models[category] = Models(whole if len(whole) else outlines)
        return self._models[category]


_last: Obstacles | None = None
"""What was indexed last: an event asks for it, then whoever checks what the event proposed."""


def obstacles(layout: Layout, site: Site) -> Obstacles:
    """Indexes what is in the way, or finds it indexed: layouts and sites never change."""
    global _last
    last = _last
    if last is None or last.layout is not layout or last.site is not site:
        _last = last = Obstacles(layout, site)
    return last


def uncut(outlines: Outlines, layout: Layout) -> BoolArray:
    """Tells which outlines do not touch the edge of the canvas, bool [n]."""
    bounds = shapely.bounds(outlines).reshape(-1, 4)
    size = np.array([layout.width, layout.height])
    return np.asarray((bounds[:, :2] > 0.0).all(axis=1) & (bounds[:, 2:] < size).all(axis=1), np.bool_)
