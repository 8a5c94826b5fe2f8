"""The objects of a date, as pixels have them: outlines and run lengths that give the mask back to the pixel."""

from __future__ import annotations

import numpy as np
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.scenes.footprints.tracing import trace
from changen_cli.types import BoolArray, Int32Array


def outlines(instance: Int32Array) -> dict[int, Polygon | MultiPolygon]:
    """Traces each object along the edges of its pixels, so that rasterising an outline gives just these pixels.

    Args:
        instance: uid or 0, int32 [H, W].

    Returns:
        Outlines in pixel coordinates by uid, in ascending order; several parts where the object hangs together by no
        edge.
    """
    parts: dict[int, list[Polygon]] = {}
    for uid, polygon in trace(np.ascontiguousarray(instance), instance != 0, hole=0):
        parts.setdefault(uid, []).append(polygon)
    return {uid: found[0] if len(found) == 1 else MultiPolygon(found) for uid, found in sorted(parts.items())}


def run_lengths(present: BoolArray) -> list[int]:
    """Counts runs down the columns, of absent and present pixels in turn, as COCO packs masks without loss.

    Args:
        present: bool [H, W].

    Returns:
        Lengths that sum up to H * W; the first is of absent pixels and may be 0.
    """
    flat = present.ravel(order="F")
    turns = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    bounds = np.concatenate(([0], turns, [flat.size]))
    lengths: list[int] = np.diff(bounds).tolist()
    return [0, *lengths] if flat.size and flat[0] else lengths
