from __future__ import annotations

import datetime

import pytest
from affine import Affine
from rasterio.crs import CRS

from changen_cli.errors import UsageError
from changen_cli.export.stac import collection, instant, place

UTM = CRS.from_epsg(32736).to_wkt()


def test_days_are_counted_from_the_first() -> None:
    assert instant(datetime.date(2020, 1, 1), 366, 1) == "2021-01-01T00:00:00Z"
    with pytest.raises(UsageError, match="beyond the year 9999"):
        instant(datetime.date(2020, 1, 1), 365, 100_000)


def test_a_grid_lies_somewhere() -> None:
    outline, properties = place(10, 20, UTM, Affine(0.5, 0, 450000, 0, -0.5, 9990000), "x")
    west, south, east, north = outline.bounds
    assert 32 < west < east < 33
    assert -1 < south < north < 0
    assert properties["proj:code"] == "EPSG:32736"
    assert properties["proj:transform"] == [0.5, 0, 450000, 0, -0.5, 9990000]


def test_a_grid_that_lies_nowhere_is_refused() -> None:
    with pytest.raises(UsageError, match="village is not georeferenced"):
        place(10, 20, None, None, "village")


def test_an_extent_holds_all_boxes() -> None:
    made = collection("a", "b", [[1, 2, 3, 4], [0, 3, 2, 9]], ("x", "y"), [])
    assert made["extent"]["spatial"]["bbox"] == [[0, 2, 3, 9]]
