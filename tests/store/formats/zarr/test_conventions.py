from __future__ import annotations

from typing import Any

import pytest
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


def node(crs: str | None, transform: Affine | None) -> dict[str, Any]:
    """A Zarr group as a validator reads it."""
    return {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes(10, 20, crs, transform))}


PLACES = {
    "code": (CRS.from_epsg(3857).to_wkt(), Affine(2, 0, 100, 0, -2, 50)),
    "wkt2": (CRS.from_proj4("+proj=tmerc +lat_0=0.3 +lon_0=32.1 +k=1 +ellps=WGS84 +units=m").to_wkt(), Affine.scale(2)),
    "turned": (CRS.from_epsg(32736).to_wkt(), Affine.rotation(30)),
    "nowhere": (None, None),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_validators_of_the_conventions_find_it_valid(place: str) -> None:
    """zarr-cm holds the rules of the conventions, by the people who write them."""
    spatial = pytest.importorskip("zarr_cm.spatial", reason="zarr-cm is not installed")
    proj = pytest.importorskip("zarr_cm.proj", reason="zarr-cm is not installed")
    made = node(*PLACES[place])
    assert spatial.validate_group_metadata(made)
    if PLACES[place][0] is None:
        with pytest.raises(ValueError, match="not declared"):
            proj.validate_group_metadata(made)
        return
    assert proj.validate_group_metadata(made)
    made["attributes"]["spatial:transform"] = [1, 2]
    with pytest.raises((ValueError, TypeError)):
        spatial.validate_group_metadata(made)


@pytest.mark.parametrize("place", PLACES)
def test_the_toolkit_of_geozarr_finds_it_valid(place: str) -> None:
    """geozarr-toolkit is that of GeoZarr's own project; it wants Python 3.12."""
    toolkit = pytest.importorskip("geozarr_toolkit", reason="geozarr-toolkit is not installed")
    made = node(*PLACES[place])["attributes"]
    found = toolkit.validate_attrs(made)
    assert "spatial" in found
    assert all(problems == [] for problems in found.values()), found
    made["spatial:transform"] = [1, 2]
    assert toolkit.validate_attrs(made)["spatial"], "the validation can fail"
