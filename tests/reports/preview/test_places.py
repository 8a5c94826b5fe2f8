from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform as warp

from changen_cli.reports.preview.places import Corners, corners_of, group_places

UTM = CRS.from_epsg(32736).to_wkt()


def square(lon: float, lat: float, size: float = 0.001) -> Corners:
    return ((lon, lat), (lon + size, lat), (lon + size, lat - size), (lon, lat - size))


def test_corners_are_in_the_order_of_the_pixels() -> None:
    there = Affine(0.5, 0, 450_000, 0, -0.5, 9_990_000)
    found, no_place = corners_of([(there, UTM), (None, None)], height=20, width=40)
    assert no_place is None
    assert found is not None
    xs, ys = [450_000, 450_020, 450_020, 450_000], [9_990_000, 9_990_000, 9_989_990, 9_989_990]
    expected = np.stack(warp(CRS.from_epsg(32736), CRS.from_epsg(4326), xs, ys), 1)
    np.testing.assert_allclose(np.array(found), expected, atol=1e-7)


def test_tiles_near_each_other_are_one_place() -> None:
    kampala, beside, dubai = square(32.58, 0.31), square(32.60, 0.31), square(55.27, 25.2)
    assert group_places([dubai, kampala, None, beside, dubai]) == [0, 1, None, 1, 0]
    assert group_places([None]) == [None]
    assert group_places([]) == []


@pytest.mark.parametrize("count", [3, 40])
def test_a_row_of_tiles_is_one_place_however_long(count: int) -> None:
    assert set(group_places([square(10 + 0.03 * n, 5) for n in range(count)])) == {0}
