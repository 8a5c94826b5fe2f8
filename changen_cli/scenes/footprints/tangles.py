"""Polygons whose edges meet each other: how often, and repair as far as it ends in good time.

GEOS needs time by the square of the meetings: a random ring of 300 vertices, 10,000 crossings, takes its "linework"
repair over a minute, one of 3,000 vertices hours and gigabytes. So meetings are counted first, in bounded steps.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from changen_cli.types import AnyArray

Geometries: TypeAlias = NDArray[np.object_]
"""Object array of shapely geometries, [N]."""

MANY_VERTICES = 1_000
"""A polygon of fewer vertices is checked at once, whatever its shape."""

MOST_NEIGHBOURS = 1_000_000
"""Pairs of edges whose extents meet, above which a polygon is too intricate to be checked."""

LINEWORK_CROSSINGS = 100
"""Crossings up to which a polygon is repaired so that every face counts that an odd number of edges lies around."""

MOST_CROSSINGS = 20_000
"""Crossings up to which a polygon is repaired at all."""

DETAILED_VERTICES = 2_000
"""Vertices above which a footprint is simplified; no building has as many."""

DETAIL = 1 / 16
"""How far that may move its outline, pixels."""

_STEP = 2_000_000  # pairs that one step of counting may find


def is_intricate(polygon: BaseGeometry) -> bool:
    """Tells whether a polygon has so many edges beside each other that even checking it takes too long."""
    if shapely.get_num_coordinates(polygon) < MANY_VERTICES:
        return False
    points = shapely.get_coordinates(polygon)
    if min(_overlaps(points[:, axis]) for axis in (0, 1)) <= MOST_NEIGHBOURS:  # there can be no more in both axes
        return False
    return _meetings(polygon, MOST_NEIGHBOURS, None) > MOST_NEIGHBOURS


def _overlaps(values: AnyArray) -> int:
    """Counts ordered pairs of edges that overlap along one axis; edges from ring to ring are counted too."""
    low, high = np.sort(np.minimum(values[:-1], values[1:])), np.sort(np.maximum(values[:-1], values[1:]))
    # pairs that do not overlap: one ends before the other begins
    apart = int(np.searchsorted(high, low, side="left").sum())
    return len(low) ** 2 - 2 * apart


def repair(polygon: BaseGeometry) -> BaseGeometry | None:
    """Makes an invalid polygon, or collection of polygons, valid.

    Args:
        polygon: Not valid; coordinates finite.

    Returns:
        Valid geometry, or None if its edges cross each other more than :data:`MOST_CROSSINGS` times.
    """
    # every edge meets itself, and the edges before and behind it
    due = 3 * int(shapely.get_num_coordinates(polygon))
    crossings = max(0, _meetings(polygon, due + 2 * MOST_CROSSINGS, "intersects") - due) // 2
    if crossings > MOST_CROSSINGS:
        return None
    if crossings > LINEWORK_CROSSINGS:
        return shapely.make_valid(polygon, method="structure", keep_collapsed=False)
    return shapely.make_valid(polygon)


def without_detail(polygons: Geometries) -> Geometries:
    """Simplifies polygons of more than :data:`DETAILED_VERTICES` vertices by :data:`DETAIL`.

    Args:
        polygons: Valid, in pixels, [N].
    """
    detailed = shapely.get_num_coordinates(polygons) > DETAILED_VERTICES
    if not detailed.any():
        return polygons
    simple: Geometries = polygons.copy()
    simple[detailed] = shapely.simplify(polygons[detailed], DETAIL, preserve_topology=True)
    return simple


def _meetings(polygon: BaseGeometry, most: int, predicate: Literal["intersects"] | None) -> int:
    """Counts ordered pairs of edges that meet, or whose extents do; stops soon after ``most``."""
    edges = _edges(polygon)
    if not len(edges):
        return 0
    tree = shapely.STRtree(edges)
    step = max(1, _STEP // len(edges))
    found = 0
    for first in range(0, len(edges), step):
        found += tree.query(edges[first : first + step], predicate=predicate).shape[1]
        if found > most:
            break
    return found


def _edges(polygon: BaseGeometry) -> Geometries:
    parts = np.array([polygon], object)
    while (collections := shapely.get_type_id(parts) > shapely.GeometryType.POLYGON).any():
        inner = shapely.get_parts(parts[collections])
        parts = np.concatenate([parts[~collections], inner])
    rings = shapely.get_rings(parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON])
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    edges: Geometries = np.asarray(shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1)[same]), object)
    return edges
