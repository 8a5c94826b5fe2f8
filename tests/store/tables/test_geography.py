from __future__ import annotations

import json

import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from shapely.geometry import Point, box

from changen_cli.store.tables.geography import geo_metadata, to_lonlat, to_wkb

UTM = CRS.from_epsg(32636).to_wkt()
LOCAL = 'LOCAL_CS["site grid",UNIT["metre",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'


def test_each_geometry_moves_by_its_own_crs_and_transform() -> None:
    mercator = CRS.from_epsg(3857).to_wkt()
    there = [
        (Affine(1, 0, 500000, 0, -1, 110.0), UTM),
        (Affine(1, 0, 0, 0, -1, 0), mercator),
        (Affine(1, 0, 500100, 0, -1, 110.0), UTM),
    ]
    first, second, third = to_lonlat([Point(0, 0)] * 3, there)
    assert isinstance(first, Point)
    assert isinstance(second, Point)
    assert isinstance(third, Point)
    assert (first.x, first.y) == pytest.approx((33.0, 0.001), abs=1e-4)
    assert (second.x, second.y) == pytest.approx((0, 0), abs=1e-9)
    assert third.x > first.x


def test_what_has_no_place_on_the_earth_is_none() -> None:
    here = Affine(1, 0, 500000, 0, -1, 0)
    shapes = [box(0, 0, 1, 1), None, box(0, 0, 1, 1), box(0, 0, 1, 1), shapely.Polygon()]
    places = [(here, LOCAL), (here, UTM), (None, UTM), (here, None), (here, UTM)]
    assert to_lonlat(shapes, places) == [None] * 5
    beyond = Affine(1e9, 0, 1e12, 0, 1e9, 1e12)
    assert to_lonlat([box(0, 0, 1, 1), box(0, 0, 1, 1)], [(beyond, UTM), (here, UTM)])[0] is None
    assert to_lonlat([box(0, 0, 1, 1), box(0, 0, 1, 1)], [(beyond, UTM), (here, UTM)])[1] is not None


def test_wkb_is_flat_and_keeps_its_place() -> None:
    first, second = to_wkb([shapely.Point(1, 2, 3), None])
    assert second is None
    assert first is not None
    assert first[0] == 1, "little endian"
    assert not shapely.from_wkb(first).has_z
    assert to_wkb([]) == []


def test_pixel_coordinates_have_an_undefined_crs() -> None:
    geo = json.loads(geo_metadata(["geometry"], pixels=True)[b"geo"])
    assert geo["columns"]["geometry"]["crs"] is None
