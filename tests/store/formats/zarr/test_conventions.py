from __future__ import annotations

from affine import Affine
from rasterio.crs import CRS

from changen_cli.store.formats.zarr.conventions import PROJ, SPATIAL, attributes


def test_code_where_the_crs_is_registered() -> None:
    result = attributes(10, 20, CRS.from_epsg(3857).to_wkt(), None)
    assert result["proj:code"] == "EPSG:3857"
    assert "proj:wkt2" not in result, "the convention wants one of them"
    assert result["zarr_conventions"] == [SPATIAL, PROJ]


def test_wkt2_where_it_is_not() -> None:
    crs = CRS.from_proj4("+proj=tmerc +lat_0=0.3 +lon_0=32.1 +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m")
    result = attributes(10, 20, crs.to_wkt(), None)
    assert "proj:code" not in result
    assert result["proj:wkt2"].startswith("PROJCRS[")
    assert CRS.from_wkt(result["proj:wkt2"]) == crs


def test_a_shared_transform_gives_the_bounding_box() -> None:
    result = attributes(10, 20, None, Affine(2, 0, 100, 0, -2, 50))
    assert result["spatial:transform"] == [2, 0, 100, 0, -2, 50]
    assert result["spatial:bbox"] == [100, 30, 140, 50]
    assert result["zarr_conventions"] == [SPATIAL]
