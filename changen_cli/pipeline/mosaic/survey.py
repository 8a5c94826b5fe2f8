"""What must be known of a whole scene before anything happens on it: its footprints, and where it has data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from changen_cli.events.geometry import drawn, window_of
from changen_cli.events.ground import outline_of
from changen_cli.files import checksum
from changen_cli.scenes.footprints.geometry import translate
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.scenes.layout_index import LayoutIndex
from changen_cli.scenes.scene import Scene
from changen_cli.scenes.window import Window
from changen_cli.types import BoolArray

PART = 512
"""Rows and columns of the parts that a scene is read and packed in: blocks of the rasters that are written, and few
enough rows that a striped raster is not decoded again for each part of a row."""


@dataclass(frozen=True)
class Survey:
    """What is known of a scene.

    Attributes:
        layout: S_0: the footprints of which a valid pixel shows.
        allowed: Where a new footprint may lie, pixel coordinates: valid pixels, less the exclusion.
        valid: Valid pixels.
        digest: Of what was read: pixels, validity and footprints.
    """

    layout: Layout
    allowed: BaseGeometry
    valid: int
    digest: str

    @property
    def whole(self) -> bool:
        """Whether all pixels are valid."""
        return self.valid == self.layout.height * self.layout.width


def parts_of(height: int, width: int, side: int = PART) -> Iterator[Window]:
    """Yields squares that cover a scene, row by row; those at its edges are cut."""
    for row in range(0, height, side):
        for column in range(0, width, side):
            yield Window(row, column, side, side).within(height, width)


def survey(scene: Scene, side: int = PART) -> Survey:
    """Looks at all of a scene part by part, in memory that grows with its footprints and with the edge of its data.

    Args:
        scene: The scene, open.
        side: Rows and columns of a part.

    Returns:
        What tiles say of themselves, for all of it.

    Raises:
        TileError: If a file is damaged.
    """
    layout = Layout(scene.height, scene.width, scene.footprints())
    index = LayoutIndex(layout)
    ground: list[BaseGeometry] = []
    shown: set[int] = set()
    read = [checksum(shapely.to_wkb(f.polygon) + b"%d" % f.uid).digest for f in layout.footprints]
    count = 0
    for window in parts_of(scene.height, scene.width, side):
        image, valid = scene.read_pixels(window)
        read += [checksum(np.ascontiguousarray(array).data).digest for array in (image, valid)]
        here = int(np.count_nonzero(valid))
        count += here
        if not here:
            continue
        found = index.cut(window).footprints
        if here == valid.size:
            ground.append(shapely.box(0, 0, window.width, window.height))
            shown.update(footprint.uid for footprint in found)
        else:
            ground.append(outline_of(valid))
            shown.update(f.uid for f in found if f.uid not in shown and _shows(f, valid))
        ground[-1] = translate(np.array([ground[-1]], object), window.column, window.row)[0]
    kept = tuple(footprint for footprint in layout.footprints if footprint.uid in shown)
    allowed: BaseGeometry = shapely.union_all(ground)
    exclusion = scene.exclusion()
    if not exclusion.is_empty:
        allowed = shapely.difference(allowed, exclusion)
    digest = checksum("".join(read).encode()).digest
    return Survey(replace(layout, footprints=kept), allowed, count, digest)


def _shows(footprint: Footprint, valid: BoolArray) -> bool:
    """Tells whether a footprint has a valid pixel; it may reach beyond them."""
    left, top, right, bottom = window_of(footprint.polygon)
    height, width = valid.shape
    window = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
    if window[0] >= window[2] or window[1] >= window[3]:
        return False
    part = valid[window[1] : window[3], window[0] : window[2]]
    return bool(part.any()) and bool((drawn(footprint.polygon, window) & part).any())
