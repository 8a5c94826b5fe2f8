"""Arrays of polygons in pixel coordinates: repaired, cut to windows, centred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import GeometryType
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from changen_cli.scenes.footprints.base import OutlineSample, Report
from changen_cli.scenes.footprints.tangles import Geometries, is_intricate, repair
from changen_cli.scenes.window import Window
from changen_cli.types import AnyArray

FAR = 1e9
"""Coordinates beyond this, in pixels, metres or degrees, are no place on a scene; GEOS overflows on larger ones."""

_COLLECTIONS = (GeometryType.MULTIPOLYGON, GeometryType.GEOMETRYCOLLECTION)


@dataclass(frozen=True)
class Parts:
    """Valid polygons made of features.

    Attributes:
        polygons: Polygons, none of a collection type, [N].
        feature: Index of the feature that each is of, int [N], ascending.
        report: Counts.
    """

    polygons: Geometries
    feature: AnyArray
    report: Report


def to_polygons(geometries: Geometries) -> Parts:
    """Makes valid single polygons of whatever features hold.

    Collections are split into their polygons, invalid polygons repaired, and everything without an area is dropped, and
    so is what reaches further than :data:`FAR` or is too tangled to be repaired.

    Args:
        geometries: Geometries of any type, None where a feature has none, [M].
    """
    # NaN for None and empty, infinite if not projectable
    finite = (np.abs(shapely.bounds(geometries)) <= FAR).all(axis=1)
    kept = np.flatnonzero(finite)
    found = geometries[kept]
    areal = np.isin(shapely.get_type_id(found), (GeometryType.POLYGON, *_COLLECTIONS))
    kept, found = kept[areal], found[areal]
    once = _first_of_equal(found)
    repeated = len(found) - len(once)
    kept, found = kept[once], found[once]
    tangled = np.array([is_intricate(polygon) for polygon in found], np.bool_)
    broken = np.zeros(len(found), np.bool_)
    broken[~tangled] = ~shapely.is_valid(found[~tangled])
    if tangled.any() or broken.any():
        found = found.copy()
        found[tangled] = Polygon()
        for place in np.flatnonzero(broken).tolist():
            whole = repair(found[place])
            tangled[place], found[place] = whole is None, Polygon() if whole is None else whole
    polygons, index = _split(found)
    large = shapely.area(polygons) > 0
    polygons, index = polygons[large], index[large]
    survivors = np.unique(index)
    report = Report(
        features=len(geometries),
        footprints=len(polygons),
        repaired=int(np.isin(np.flatnonzero(broken), survivors).sum()),
        empty=int((~finite).sum()),
        not_polygons=int((~areal).sum()),
        zero_area=len(found) - len(survivors) - int(tangled.sum()),
        tangled=int(tangled.sum()),
        repeated=repeated,
    )
    return Parts(polygons, kept[index], report)


def _first_of_equal(polygons: Geometries) -> AnyArray:
    """Returns the places of polygons without those that are equal to an earlier one, vertex by vertex."""
    first: dict[bytes, int] = {}
    for place, content in enumerate(shapely.to_wkb(polygons)):
        first.setdefault(content, place)
    return np.fromiter(first.values(), np.int64, len(first))


def _split(geometries: Geometries) -> tuple[Geometries, AnyArray]:
    index = np.arange(len(geometries))
    while np.isin(shapely.get_type_id(geometries), _COLLECTIONS).any():  # a collection may hold collections
        geometries, origin = shapely.get_parts(geometries, return_index=True)
        index = index[origin]
    areal = shapely.get_type_id(geometries) == GeometryType.POLYGON
    return geometries[areal], index[areal]


@dataclass(frozen=True)
class PolygonIndex:
    """Polygons of a scene that windows are cut from.

    Attributes:
        polygons: Valid polygons in pixel coordinates of the scene, [N].
        uids: Their uids, int [N]; not negative.
    """

    polygons: Geometries
    uids: AnyArray
    _tree: shapely.STRtree = field(init=False, repr=False)
    _bounds: AnyArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tree", shapely.STRtree(self.polygons))
        object.__setattr__(self, "_bounds", shapely.bounds(self.polygons))

    def cut(self, window: Window) -> tuple[Geometries, AnyArray]:
        """Cuts the polygons that share area with a window.

        Returns:
            Polygons and MultiPolygons in pixel coordinates of the window, and their uids, in the order of the index.
        """
        left, top = window.column, window.row
        right, bottom = left + window.width, top + window.height
        edges = shapely.box(left, top, right, bottom)
        hits = np.sort(self._tree.query(edges))
        west, north, east, south = self._bounds[hits].T
        hits = hits[(west < right) & (east > left) & (north < bottom) & (south > top)]
        if not hits.size:
            return np.empty(0, object), np.empty(0, np.int64)
        west, north, east, south = self._bounds[hits].T
        crossing = ~((west >= left) & (east <= right) & (north >= top) & (south <= bottom))
        polygons = self.polygons[hits]
        if crossing.any():
            polygons[crossing] = [_areal(g) for g in shapely.intersection(polygons[crossing], edges)]
        some = shapely.area(polygons) > 0
        return translate(polygons[some], -left, -top), self.uids[hits[some]]

    def inside(self, window: Window, min_area: float) -> AnyArray:
        """Returns the places of polygons that lie wholly within a window and cover at least ``min_area``, int64 [M]."""
        west, north, east, south = self._bounds.T
        whole = (west >= window.column) & (north >= window.row)
        whole &= (east <= window.column + window.width) & (south <= window.row + window.height)
        places: AnyArray = np.flatnonzero(whole)
        return places[shapely.area(self.polygons[places]) >= min_area]


def _areal(geometry: BaseGeometry) -> Polygon | MultiPolygon:
    """Keeps the polygons of an intersection, which may hold lines and points where only edges meet."""
    if isinstance(geometry, Polygon | MultiPolygon):
        return geometry
    parts = [part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def translate(geometries: Geometries, dx: float, dy: float) -> Geometries:
    """Moves geometries."""
    if not geometries.size or (dx, dy) == (0, 0):
        return geometries
    offset = np.array([dx, dy], np.float64)
    moved: Geometries = shapely.transform(geometries, lambda xy: xy + offset)
    return moved


def scale(geometries: Geometries, factor_x: float, factor_y: float) -> Geometries:
    """Multiplies coordinates."""
    if not geometries.size or (factor_x, factor_y) == (1, 1):
        return geometries
    factors = np.array([factor_x, factor_y], np.float64)
    scaled: Geometries = shapely.transform(geometries, lambda xy: xy * factors)
    return scaled


def sample_outlines(polygons: Geometries, classes: AnyArray | None, limit: int) -> OutlineSample:
    """Picks outlines evenly along their order, of each class by itself.

    Args:
        polygons: Whole footprints, [N].
        classes: Class of each, int [N]; None where the source tells no classes.
        limit: Most outlines of a class.
    """
    if classes is None:
        return OutlineSample(centred(polygons, limit))
    numbers = np.unique(classes).tolist()
    picked = [(number, centred(polygons[classes == number], limit)) for number in numbers]
    return OutlineSample(
        tuple(outline for _, outlines in picked for outline in outlines),
        tuple(number for number, outlines in picked for _ in outlines),
    )


def centred(polygons: Sequence[Polygon | MultiPolygon] | Geometries, limit: int) -> tuple[Polygon | MultiPolygon, ...]:
    """Picks at most ``limit`` polygons evenly along their order and moves each centroid to (0, 0)."""
    count = len(polygons)
    picks = np.unique(np.linspace(0, count - 1, max(0, min(limit, count))).round().astype(int))
    result = []
    for pick in picks.tolist():
        centre = polygons[pick].centroid
        result.append(translate(np.array([polygons[pick]], object), -centre.x, -centre.y)[0])
    return tuple(result)
