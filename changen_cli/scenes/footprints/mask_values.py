"""What the values of a mask mean: buildings or not, ids of instances, or classes."""

from __future__ import annotations

from typing import Literal

import numpy as np
from shapely.geometry import MultiPolygon, Polygon
from skimage.measure import label

from changen_cli.scenes.footprints.tangles import Geometries
from changen_cli.scenes.footprints.tracing import join, join_ids, raster_order, trace
from changen_cli.types import AnyArray

MaskValues = Literal["binary", "instance", "class"]
"""binary: whatever is not 0 is building, and each part that hangs together one object. instance: each value is an
object, even in two parts. class: each part of one value is an object, of the class that the value is."""

PARTS_OF_CLASSES = 4
"""Values that have more parts than this on average are classes: an object is in one part, or a few where something
stands before it."""

LARGEST_CLASS = 255
"""Class masks are uint8."""


class ValueSurvey:
    """Judges what the values of a mask are, by looking at windows of it.

    Values of 0 and 1, or 0 and 255, are binary. Others are ids of instances, unless they have so many parts each
    (:data:`PARTS_OF_CLASSES`) that they can only be classes.
    """

    def __init__(self) -> None:
        self._values: set[int] = set()
        self._parts = 0

    def add(self, values: AnyArray) -> None:
        """Looks at a window.

        Args:
            values: uint8 or int32 [H, W], 0 background.
        """
        found = np.unique(values)
        self._values |= set(found[found != 0].tolist())
        if self.is_binary:  # then how many parts there are does not matter
            return
        _, parts = label(values, connectivity=1, background=0, return_num=True)
        self._parts += parts

    @property
    def is_binary(self) -> bool:
        """Whether nothing but 0 and 1, or 0 and 255, has been seen."""
        return self._values <= {1, 255}

    @property
    def kind(self) -> MaskValues:
        """What the values are, by all windows so far."""
        if self.is_binary:
            return "binary"
        many = self._parts > PARTS_OF_CLASSES * len(self._values)
        return "class" if many and max(self._values) <= LARGEST_CLASS else "instance"


def judge_values(values: AnyArray) -> MaskValues:
    """Judges what the values of a whole mask are.

    Args:
        values: bool, uint8 or int32 [H, W], or [T, H, W]: maps of several dates, of which each must be what all are.
    """
    if values.dtype == np.bool_:
        return "binary"
    kinds = set[MaskValues]()
    for plane in [values] if values.ndim == 2 else values:
        survey = ValueSurvey()
        survey.add(plane)
        kinds.add(survey.kind)
    order: tuple[MaskValues, ...] = ("class", "instance", "binary")
    return next(kind for kind in order if kind in kinds)


def trace_mask(values: AnyArray, kind: MaskValues, hole: float) -> tuple[AnyArray, Geometries]:
    """Makes polygons of mask values, in their pixel coordinates.

    Args:
        values: uint8 or int32 [H, W], 0 background.
        kind: What they are.
        hole: Holes smaller than this are filled, pixels.

    Returns:
        Of each object its value, int64 [N], 1 for all of a binary mask; and its polygon [N]. Instances are in the order
        of their ids, others in that of their first pixels.
    """
    present = values != 0
    if not present.any():
        return np.empty(0, np.int64), np.empty(0, object)
    if kind != "instance":
        traced = list(trace(present.view(np.uint8) if kind == "binary" else values, present, hole))
        found = np.array([polygon for _, polygon in traced], object)
        order = raster_order(found)
        return np.array([value for value, _ in traced], np.int64)[order], found[order]
    parts: dict[int, list[Polygon]] = {}
    for uid, polygon in trace(values, present, hole):
        parts.setdefault(uid, []).append(polygon)
    uids = sorted(parts)
    merged = np.empty(len(uids), object)
    merged[:] = [parts[u][0] if len(parts[u]) == 1 else MultiPolygon(parts[u]) for u in uids]
    return np.array(uids, np.int64), merged


def join_values(
    polygons: Geometries, values: AnyArray, kind: MaskValues, size: int, hole: float
) -> tuple[Geometries, AnyArray]:
    """Puts together what was traced in square blocks side by side, holes kept.

    Args:
        polygons: In pixel coordinates of all blocks, [N].
        values: Of each, int64 [N].
        kind: What the values are.
        size: Rows and columns of a block.
        hole: Holes smaller than this are filled, pixels.

    Returns:
        Polygons [M] and values [M], as :func:`trace_mask` gives them of all blocks at once.
    """
    if kind == "instance":
        return join_ids(polygons, values, hole)
    classes = np.unique(values)
    joined = [join(polygons[values == value], size, hole) for value in classes]
    if not joined:
        return polygons, values
    whole = np.concatenate(joined)
    of = np.repeat(classes, [len(part) for part in joined])
    order = raster_order(whole)
    return whole[order], of[order]
