"""Turning, scaling and moving outlines, many at a time, and the pixels they draw.

Everything works on arrays of outlines: an event draws a batch of candidates and tests them together, which is many
times faster than one after the other. Angles are in degrees, lengths in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.types import BoolArray

Outline: TypeAlias = Polygon | MultiPolygon
"""What a footprint's polygon may be."""

Outlines: TypeAlias = NDArray[np.object_]
"""An object array of outlines, [n]."""

Floats: TypeAlias = NDArray[np.float64]

GRID = 1024.0
"""Placed outlines lie on a grid of 1/GRID pixel.

The last bits of a sine differ between processors. On this grid they do not, so a key gives the same layout on every
machine, and coordinates survive being stored as 32-bit floats.
"""

_STAIRCASE = 1.25
"""Tolerance that straightens the steps of an outline traced around pixels: a chord misses their corners by up to one
pixel. Measured on traced rectangles of 12 to 50 px: 1.6 degrees off on average with 1.25, 7.5 with 0.75."""


_SMALL = 2048
"""Pixels of a window up to which asking every pixel centre is faster than setting up GDAL's rasteriser."""


def outline_array(outlines: Sequence[Outline]) -> Outlines:
    """Packs outlines into an object array, [n]."""
    packed = np.empty(len(outlines), dtype=object)
    packed[:] = outlines
    return packed


def turn_and_scale(outlines: Outlines, about: Floats, turn: Floats, scale: Floats) -> Outlines:
    """Turns and scales outlines about a point of each, which becomes the origin.

    Args:
        outlines: Outlines, [n].
        about: The point of each outline that stays where it is and becomes (0, 0), float64 [n, 2].
        turn: Turns in degrees, positive from the x axis to the y axis, float64 [n].
        scale: Ratios of lengths, above 0, float64 [n].

    Returns:
        New outlines, [n], each relative to its point.
    """
    points, owner = shapely.get_coordinates(outlines, return_index=True)
    points = points - about[owner]
    angle = np.deg2rad(turn)
    cos, sin = (np.cos(angle) * scale)[owner], (np.sin(angle) * scale)[owner]
    x, y = points[:, 0], points[:, 1]
    turned: Outlines = shapely.set_coordinates(
        outlines.copy(), np.stack([cos * x - sin * y, sin * x + cos * y], axis=1)
    )
    return turned


def shift(outlines: Outlines, offsets: Floats) -> Outlines:
    """Moves outlines by their offsets, float64 [n, 2], and puts them on the grid of 1/:data:`GRID` pixel."""
    points, owner = shapely.get_coordinates(outlines, return_index=True)
    moved: Outlines = shapely.set_coordinates(outlines.copy(), np.round((points + offsets[owner]) * GRID) / GRID)
    return moved


def fit(outlines: Outlines, area: tuple[float, float, float, float], where: Floats) -> Floats:
    """Finds the offsets that put outlines into a rectangle.

    Args:
        outlines: Outlines, [n].
        area: The rectangle, (min x, min y, max x, max y).
        where: Place within the room each outline has in the rectangle, float64 [n, 2], 0..1: 0 is the left or upper
            end, 1 the right or lower one. An outline larger than the rectangle will overhang it.

    Returns:
        Offsets, float64 [n, 2].
    """
    bounds = shapely.bounds(outlines)
    low = np.asarray(area[:2]) - bounds[:, :2]
    high = np.asarray(area[2:]) - bounds[:, 2:]
    offsets: Floats = low + where * (high - low)
    return offsets


def main_directions(outlines: Outlines) -> Floats:
    """Finds the directions of the walls of buildings.

    Walls mostly meet at right angles, so a direction is only told up to a quarter turn. It is the mean of the edge
    directions on the circle of 90 degrees, weighted by their lengths, after the staircases of outlines that were
    traced around pixels have been straightened. A round outline has no direction; it gets any.

    Args:
        outlines: Outlines, [n], none empty. Of several parts the first counts.

    Returns:
        Directions in degrees, float64 [n], -45..45.
    """
    rings = shapely.get_exterior_ring(shapely.get_geometry(outlines, 0))
    straight = shapely.simplify(rings, _STAIRCASE, preserve_topology=False)  # 20 times faster, and it is never drawn
    straight = np.where(shapely.is_empty(straight), rings, straight)
    points, owner = shapely.get_coordinates(straight, return_index=True)
    edges = np.diff(points, axis=0)
    edges[owner[1:] != owner[:-1]] = 0.0  # from the end of one ring to the start of the next
    angle, length = 4 * np.arctan2(edges[:, 1], edges[:, 0]), np.hypot(edges[:, 0], edges[:, 1])
    sin = np.bincount(owner[:-1], length * np.sin(angle), len(outlines))
    cos = np.bincount(owner[:-1], length * np.cos(angle), len(outlines))
    directions: Floats = np.rad2deg(np.arctan2(sin, cos)) / 4
    return directions


def drawn(outline: Outline, window: tuple[int, int, int, int]) -> BoolArray:
    """Tells which pixels an outline draws: those with their centre inside, as :mod:`changen_cli.scenes.layout` has it.

    Args:
        outline: An outline in pixel coordinates.
        window: Columns and rows to look at, (first column, first row, end column, end row).

    Returns:
        bool [rows, columns].
    """
    x0, y0, x1, y1 = window
    if (x1 - x0) * (y1 - y0) > _SMALL:
        size = (y1 - y0, x1 - x0)
        mask = rasterize([(outline, 1)], out_shape=size, transform=Affine.translation(x0, y0), dtype="uint8")
        return np.asarray(mask, np.bool_)
    shapely.prepare(outline)
    x, y = np.arange(x0, x1)[None, :] + 0.5, np.arange(y0, y1)[:, None] + 0.5
    return np.asarray(shapely.contains_xy(outline, x, y), np.bool_)


def window_of(*outlines: Outline) -> tuple[int, int, int, int]:
    """Returns the smallest window of whole pixels around outlines, (first column, first row, end column, end row)."""
    left, top, right, bottom = zip(*(outline.bounds for outline in outlines), strict=True)
    return math.floor(min(left)), math.floor(min(top)), math.ceil(max(right)), math.ceil(max(bottom))
