"""The layout S_t: footprints as polygons on a canvas, rasterised late and in one place.

Coordinates are pixels: x grows along columns, y along rows, and the pixel in row r, column c covers the square from
(c, r) to (c + 1, r + 1). One rule for pixel centres, everywhere: a pixel belongs to a footprint if its centre does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.scenes.drawing import burn_states
from changen_cli.types import Int32Array, UInt8Array

BUILDING = 1
"""The class of a footprint whose source gives none; 0 is background."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """One object on the ground.

    Attributes:
        uid: Positive, unique within the history of a tile; the value of the object in instance masks.
        polygon: Its outline in pixel coordinates of its canvas; a MultiPolygon where the canvas edge cuts it in parts.
        category: Class, 1..255.
    """

    uid: int
    polygon: Polygon | MultiPolygon
    category: int = BUILDING


@dataclass(frozen=True, slots=True)
class Layout:
    """An immutable set of footprints on a canvas: S_t of the paper.

    Attributes:
        height: Canvas height, pixels.
        width: Canvas width, pixels.
        footprints: In drawing order; where two overlap the later one is on top.
        next_uid: The uid the next new object gets. It never goes down along a history, so a uid is never used twice
            even after its first owner was removed. Left at 0, it is set to one more than the largest uid.
    """

    height: int
    width: int
    footprints: tuple[Footprint, ...] = ()
    next_uid: int = 0

    def __post_init__(self) -> None:
        if self.next_uid <= 0:
            object.__setattr__(self, "next_uid", 1 + max((f.uid for f in self.footprints), default=0))

    def add(self, footprints: Iterable[Footprint]) -> Layout:
        """Returns this layout with footprints drawn on top."""
        everything = self.footprints + tuple(footprints)
        top = max([f.uid for f in everything], default=0)
        return replace(self, footprints=everything, next_uid=max(self.next_uid, top + 1))

    def without(self, uids: Collection[int]) -> Layout:
        """Returns this layout less the footprints with these uids."""
        return replace(self, footprints=tuple(f for f in self.footprints if f.uid not in uids))

    def rasterize(self) -> tuple[UInt8Array, Int32Array]:
        """Draws the layout.

        Returns:
            The class mask, uint8 [H, W], 0 background; and the instance mask, int32 [H, W], uid or 0.
        """
        masks, instances = rasterize_all([self])
        return masks[0], instances[0]


def rasterize_all(layouts: Sequence[Layout]) -> tuple[UInt8Array, Int32Array]:
    """Draws the layouts of a history, in one go: what most of them share is worked out once.

    Args:
        layouts: At least one, all of one size.

    Returns:
        The class masks, uint8 [T, H, W], 0 background; and the instance masks, int32 [T, H, W], uid or 0.
    """
    footprints = [layout.footprints for layout in layouts]
    drawn = [([f.polygon for f in some], [f.uid for f in some]) for some in footprints]
    instances = burn_states(drawn, (layouts[0].height, layouts[0].width))
    categories = {f.category for some in footprints for f in some}
    if len(categories) <= 1:
        return (instances != 0).view(np.uint8) * np.uint8(categories.pop() if categories else 0), instances
    masks = np.zeros(instances.shape, np.uint8)
    for mask, instance, some in zip(masks, instances, footprints, strict=True):
        by_uid = {0: 0, **{f.uid: f.category for f in some}}
        uids = np.array(sorted(by_uid), np.int32)
        mask[...] = np.array([by_uid[uid] for uid in uids.tolist()], np.uint8)[np.searchsorted(uids, instance)]
    return masks, instances
