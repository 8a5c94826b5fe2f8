"""Burning outlines into a raster by one rule: a pixel belongs to an outline if its centre does.

GDAL's rasteriser does it. What it takes is GeoJSON, and shapely makes that of one geometry at a time, in more time than
the drawing; here it is made of many at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from rasterio.features import rasterize
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.types import Int32Array


def burn(outlines: Sequence[Polygon | MultiPolygon], values: Sequence[int], size: tuple[int, int]) -> Int32Array:
    """Draws outlines, the later on top.

    Args:
        outlines: In pixel coordinates; empty ones draw nothing.
        values: What each is drawn with.
        size: Rows and columns.

    Returns:
        int32 [H, W], 0 where no outline is.
    """
    shapes = [(shape, values[place]) for place, shape in as_geojson(outlines)]
    if not shapes:
        return np.zeros(size, np.int32)
    drawn: Int32Array = rasterize(shapes, out_shape=size, fill=0, dtype="int32")
    return drawn


def as_geojson(outlines: Sequence[Polygon | MultiPolygon]) -> list[tuple[int, dict[str, Any]]]:
    """Makes GeoJSON of outlines.

    Returns:
        For each part that is not empty the place of its outline and its polygon, in order.
    """
    parts, owners = shapely.get_parts(np.array(outlines, object), return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    ends = np.cumsum(np.bincount(ring_of, minlength=len(rings))).tolist()
    corners = [*map(tuple, points.tolist())]
    polygons: dict[int, list[list[tuple[float, float]]]] = {}
    begin = 0
    for part, end in zip(part_of.tolist(), ends, strict=True):
        polygons.setdefault(part, []).append(corners[begin:end])
        begin = end
    return [
        (int(owners[part]), {"type": "Polygon", "coordinates": rings_of})
        for part, rings_of in polygons.items()
        if rings_of[0]
    ]
