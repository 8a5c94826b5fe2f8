"""From pixels to longitude and latitude, and the GeoParquet column that holds the result.

Samples of one run may lie in many coordinate reference systems, but a GeoParquet column has one. So tables are written
in OGC:CRS84, longitude and latitude, which is also what every reader assumes of a column that names none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform as warp
from shapely.geometry.base import BaseGeometry

from changen_cli.store.gdal import GDAL_ERRORS

LONLAT = "OGC:CRS84"

GeoRef = tuple[Affine | None, str | None]
"""Where a geometry's pixels lie: the transform of its sample, and the WKT of its CRS."""


def to_lonlat(geometries: Sequence[BaseGeometry | None], georefs: Sequence[GeoRef]) -> list[BaseGeometry | None]:
    """Moves geometries from pixel coordinates to longitude and latitude.

    Vertices are moved, edges are not bent; at the size of a tile the difference is far below a pixel.

    Args:
        geometries: In pixel coordinates of their samples.
        georefs: For each geometry, where its sample lies.

    Returns:
        Two-dimensional geometries in degrees. None where there was no geometry, the sample has no georeference, or
        its CRS is one that has no place on the Earth (a local or engineering CRS).
    """
    moved: list[BaseGeometry | None] = [None] * len(geometries)
    groups: dict[str, list[int]] = {}
    for number, (geometry, (transform, crs)) in enumerate(zip(geometries, georefs, strict=True)):
        if geometry is not None and not geometry.is_empty and transform is not None and crs:
            groups.setdefault(crs, []).append(number)
    for crs, numbers in groups.items():
        for number, shape in zip(numbers, _move(geometries, georefs, numbers, crs), strict=True):
            moved[number] = shape
    return moved


def _move(
    geometries: Sequence[BaseGeometry | None], georefs: Sequence[GeoRef], numbers: list[int], crs: str
) -> list[BaseGeometry | None]:
    """Moves those geometries that share a CRS, all at once: to set a transformation up costs more than to use it."""
    shapes = shapely.force_2d(np.array([geometries[n] for n in numbers], dtype=object))
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    terms = np.array([tuple(georefs[n][0] or ())[:6] for n in numbers], np.float64)[owner]
    x = terms[:, 0] * points[:, 0] + terms[:, 1] * points[:, 1] + terms[:, 2]
    y = terms[:, 3] * points[:, 0] + terms[:, 4] * points[:, 1] + terms[:, 5]
    try:
        lonlat = np.stack(warp(CRS.from_wkt(crs), CRS.from_string(LONLAT), x, y), axis=1)
    except GDAL_ERRORS:
        # Either the CRS is not of this Earth, or one point lies where it does not reach; that one must not take the
        # others with it.
        if len(numbers) == 1:
            return [None]
        half = len(numbers) // 2
        parts = numbers[:half], numbers[half:]
        return [shape for part in parts for shape in _move(geometries, georefs, part, crs)]
    on_earth = np.ones(len(numbers), bool)
    np.logical_and.at(on_earth, owner, np.isfinite(lonlat).all(axis=1))
    moved = shapely.set_coordinates(shapes, lonlat)
    return [shape if good else None for shape, good in zip(moved, on_earth, strict=True)]


def to_wkb(geometries: Sequence[BaseGeometry | None]) -> list[bytes | None]:
    """Returns little-endian ISO WKB of two-dimensional geometries, None for none."""
    shapes = shapely.force_2d(np.array([*geometries, None], dtype=object)[:-1])
    result: list[bytes | None] = shapely.to_wkb(shapes, byte_order=1, flavor="iso").tolist()
    return result


def geo_metadata(columns: Sequence[str], *, pixels: bool = False) -> dict[bytes, bytes]:
    """Returns the ``geo`` metadata of a GeoParquet 1.1 file.

    Args:
        columns: Names of its WKB columns in OGC:CRS84, the primary one first.
        pixels: True if the columns hold pixel coordinates instead; their CRS is then declared as undefined.
    """
    column: dict[str, object] = {"encoding": "WKB", "geometry_types": []}
    if pixels:
        column["crs"] = None
    geo = {"version": "1.1.0", "primary_column": columns[0], "columns": dict.fromkeys(columns, column)}
    return {b"geo": json.dumps(geo, sort_keys=True).encode("ascii")}
