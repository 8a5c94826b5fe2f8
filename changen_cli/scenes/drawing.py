"""Burning outlines into rasters by one rule: a pixel belongs to an outline if its centre does.

The rule is GDAL's to the last pixel, ties included: a centre on an upper or right edge is inside, one on a lower or
left edge is not, and the upper edge of a hole belongs to the outline. GDAL itself takes a third of a millisecond to set
up each raster, more than the outlines of a tile need, so rows of pixels are filled here; the tests hold them to GDAL.
Outlines are valid polygons: of those that cross themselves GDAL draws some pixels of horizontal edges otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.types import Int32Array, Int64Array

Drawn = tuple[Sequence[Polygon | MultiPolygon], Sequence[int]]
"""What one raster shows: outlines, and what each is drawn with."""

_AT_ONCE = 1 << 20
"""Pixels whose places are worked out together: 8 MB of numbers."""


def burn(outlines: Sequence[Polygon | MultiPolygon], values: Sequence[int], size: tuple[int, int]) -> Int32Array:
    """Draws outlines, the later on top.

    Args:
        outlines: In pixel coordinates; empty ones draw nothing.
        values: What each is drawn with.
        size: Rows and columns.

    Returns:
        int32 [H, W], 0 where no outline is.
    """
    drawn: Int32Array = burn_states([(outlines, values)], size)[0]
    return drawn


def burn_states(states: Sequence[Drawn], size: tuple[int, int]) -> Int32Array:
    """Draws the rasters of a history; an outline that several share is worked out once.

    Args:
        states: Outlines and values of each raster, the later on top.
        size: Rows and columns of each.

    Returns:
        int32 [T, H, W], 0 where no outline is.
    """
    canvas = np.zeros((len(states), *size), np.int32)
    known = {id(outline): outline for outlines, _ in states for outline in outlines}
    place = {name: number for number, name in enumerate(known)}
    runs = _runs_of([*known.values()], size)
    for raster, (outlines, values) in zip(canvas.reshape(len(states), -1), states, strict=True):
        chosen = [(place[id(outline)], value) for outline, value in zip(outlines, values, strict=True)]
        _paint(raster, runs, *np.array(chosen, np.int64).reshape(-1, 2).T)
    return canvas


@dataclass(frozen=True, slots=True)
class _Runs:
    """Pixels that outlines draw, as runs along rows, outline after outline.

    Attributes:
        first: Place of the first pixel of each run in the raster read row by row, int64.
        length: Its pixels, int64.
        starts: For each outline the number of its first run; one more, the number of all runs, is at the end.
    """

    first: Int64Array
    length: Int64Array
    starts: Int64Array


def _runs_of(outlines: Sequence[Polygon | MultiPolygon], size: tuple[int, int]) -> _Runs:
    """Finds the runs of outlines: between each two crossings of a row of centres with the rings of a polygon."""
    height, width = size
    parts, owners = shapely.get_parts(np.array(outlines, object), return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    edge = ring_of[1:] == ring_of[:-1]  # not from the end of one ring to the start of the next
    ring = ring_of[:-1][edge]
    x0, y0 = points[:-1][edge].T
    x1, y1 = points[1:][edge].T
    flat = y0 == y1

    top, bottom = np.minimum(y0, y1), np.maximum(y0, y1)
    begin, end = (np.clip(np.ceil(ends - 0.5), 0, height).astype(np.int64) for ends in (top, bottom))
    rows = np.where(flat, 0, end - begin)
    of = np.repeat(np.arange(len(rows)), rows)
    row = _count_up(begin, rows)
    down = y0 < y1
    x_top, x_bottom = np.where(down, x0, x1), np.where(down, x1, x0)
    crossing = (row + 0.5 - top[of]) * (x_bottom - x_top)[of] / (bottom - top)[of] + x_top[of]
    part = part_of_ring[ring]
    order = np.lexsort((crossing, row, part[of]))
    left, right = crossing[order[::2]], crossing[order[1::2]]
    row, part_of_run = row[order[::2]], part[of[order[::2]]]

    # a horizontal edge on a row of centres whose ring lies below it: for a hole the edge is the outline's
    area = np.bincount(ring, x0 * y1 - x1 * y0, len(rings))
    upper = np.flatnonzero(flat & ((x1 - x0) * area[ring] > 0))
    upper = upper[(y0[upper] % 1 == 0.5) & (y0[upper] > 0) & (y0[upper] < height)]
    left = np.concatenate([left, np.minimum(x0, x1)[upper]])
    right = np.concatenate([right, np.maximum(x0, x1)[upper]])
    row = np.concatenate([row, y0[upper].astype(np.int64)])
    owner = owners[np.concatenate([part_of_run, part[upper]])]

    begin, end = (np.clip(np.floor(ends + 0.5), 0, width).astype(np.int64) for ends in (left, right))
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(outlines) + 1))
    return _Runs((row * width + begin)[order], (end - begin)[order], starts)


def _paint(raster: Int32Array, runs: _Runs, outlines: Int64Array, values: Int64Array) -> None:
    """Paints outlines by their numbers, the later on top, into a raster read row by row, int32 [H * W]."""
    count = runs.starts[outlines + 1] - runs.starts[outlines]
    run = _count_up(runs.starts[outlines], count)
    first, length, value = runs.first[run], runs.length[run], np.repeat(values, count)
    behind = np.cumsum(length)
    pixels = int(behind[-1]) if len(behind) else 0
    cuts = np.searchsorted(behind, np.arange(_AT_ONCE, pixels, _AT_ONCE)).tolist()
    for begin, end in pairwise([0, *cuts, len(run)]):
        some = slice(begin, end)
        raster[_count_up(first[some], length[some])] = np.repeat(value[some], length[some])


def _count_up(first: Int64Array, count: Int64Array) -> Int64Array:
    """Returns first, first + 1, ... of each pair, ``count`` of them, one pair after the other."""
    before = np.cumsum(count) - count
    counted: Int64Array = np.repeat(first - before, count) + np.arange(count.sum())
    return counted
