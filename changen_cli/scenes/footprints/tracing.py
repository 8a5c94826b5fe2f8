"""Polygons traced around the pixels of masks, whole or block by block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from rasterio.features import shapes as vectorize
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.scenes.footprints.geometry import to_polygons
from changen_cli.scenes.footprints.tangles import Geometries
from changen_cli.types import AnyArray, BoolArray


def trace(values: AnyArray, present: BoolArray, hole: float) -> Iterable[tuple[int, Polygon]]:
    """Traces each part that hangs together by pixel edges and has one value.

    Args:
        values: uint8 or int32 [H, W].
        present: Where there is anything, bool [H, W].
        hole: Holes smaller than this are filled, pixels.

    Yields:
        The value of a part, and its outline in pixel coordinates.
    """
    for outline, value in vectorize(values, mask=present, connectivity=4):
        shell, *inner = outline["coordinates"]
        polygon = Polygon(shell, [ring for ring in inner if Polygon(ring).area >= hole])
        if inner and not polygon.is_valid:
            for part in to_polygons(np.array([polygon], object)).polygons:
                yield int(value), part
        else:
            yield int(value), polygon


def raster_order(polygons: Geometries) -> AnyArray:
    """Returns the order in which a scan, row by row, meets the polygons: that of their first pixels."""
    points, owner = shapely.get_coordinates(polygons, return_index=True)
    scan = np.lexsort((points[:, 0], points[:, 1]))
    _, first = np.unique(owner[scan], return_index=True)  # for each polygon its first corner in the scan
    return np.argsort(first)


def join(polygons: Geometries, size: int, hole: float) -> Geometries:
    """Puts together what the edges of blocks have cut: parts that share an edge of a pixel there.

    Args:
        polygons: Traced in square blocks side by side, holes kept, in pixel coordinates of all of them, [N].
        size: Rows and columns of a block.
        hole: Holes smaller than this are filled, pixels.

    Returns:
        The outlines that tracing all of it at once gives; in the order of their first pixels, [M].
    """
    if not len(polygons):
        return polygons
    cut = np.flatnonzero((shapely.bounds(polygons) % size == 0).any(axis=1))
    first, second = shapely.STRtree(polygons[cut]).query(polygons[cut], predicate="intersects")
    pair = first < second
    first, second = cut[first[pair]], cut[second[pair]]
    # parts that meet at a corner alone are two
    shared = shapely.length(shapely.intersection(polygons[first], polygons[second])) > 0
    links = coo_array((np.ones(shared.sum()), (first[shared], second[shared])), shape=(len(polygons),) * 2)
    _, group = connected_components(links, directed=False)
    found = np.array([_whole(polygons[rows], hole) for rows in _rows_of(group)], object)
    return found[raster_order(found)]


def join_ids(polygons: Geometries, ids: AnyArray, hole: float) -> tuple[Geometries, AnyArray]:
    """Puts together all parts of each id, [N] to [M]; otherwise as :func:`join`, in the order of the ids."""
    found, group = np.unique(ids, return_inverse=True)
    whole = np.empty(len(found), object)
    whole[:] = [_whole(polygons[rows], hole) for rows in _rows_of(group)]
    return whole, found


def _rows_of(group: AnyArray) -> Sequence[AnyArray]:
    """Lists the places of each number 0, 1, ... in an array."""
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(order) else []


def _whole(parts: Geometries, hole: float) -> Polygon | MultiPolygon:
    """Unites parts; corners that only the edge of a block has made go, and so do small holes."""
    whole = parts[0] if len(parts) == 1 else shapely.simplify(shapely.union_all(parts), 0)
    pieces = [_filled(piece, hole) for piece in shapely.get_parts(whole)]
    return pieces[0] if len(pieces) == 1 else MultiPolygon(pieces)


def _filled(polygon: Polygon, hole: float) -> Polygon:
    return Polygon(polygon.exterior, [ring for ring in polygon.interiors if Polygon(ring).area >= hole])
