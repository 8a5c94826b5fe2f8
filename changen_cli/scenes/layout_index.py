"""The layout of a scene, of which windows are drawn: found by a spatial index, in memory of the window alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely

from changen_cli.scenes.footprints.geometry import translate
from changen_cli.scenes.footprints.tangles import Geometries
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.scenes.window import Window


@dataclass(frozen=True)
class LayoutIndex:
    """A layout of a scene that windows are cut from.

    Attributes:
        layout: The layout.
    """

    layout: Layout

    @cached_property
    def _outlines(self) -> Geometries:
        outlines = np.empty(len(self.layout.footprints), object)
        outlines[:] = [footprint.polygon for footprint in self.layout.footprints]
        return outlines

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._outlines)

    def cut(self, window: Window, changed: Iterable[tuple[Footprint | None, Footprint | None]] = ()) -> Layout:
        """Returns what of the layout may meet a window, in its pixel coordinates; outlines stay whole.

        Drawing it gives the window of what drawing all of the layout gives: footprints keep their order.

        Args:
            window: Any window.
            changed: Footprints that are replaced first, before and after, as changes have them: what is new comes on
                top.
        """
        box = shapely.box(window.column, window.row, window.column + window.width, window.row + window.height)
        hits = np.sort(self._tree.query(box)).tolist()
        found = [self.layout.footprints[hit] for hit in hits]
        for before, after in changed:
            place = next((n for n, old in enumerate(found) if before is not None and old.uid == before.uid), len(found))
            found[place : place + 1] = [] if after is None else [after]
        outlines = np.empty(len(found), object)
        outlines[:] = [footprint.polygon for footprint in found]
        moved = translate(outlines, -window.column, -window.row)
        footprints = tuple(replace(old, polygon=new) for old, new in zip(found, moved, strict=True))
        return Layout(window.height, window.width, footprints)
