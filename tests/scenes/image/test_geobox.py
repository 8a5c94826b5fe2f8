from __future__ import annotations

import math

import numpy as np
import pytest
import rasterio
from affine import Affine

from changen_cli.errors import SceneError
from changen_cli.scenes.image.geobox import GeoBox, make_geobox
from changen_cli.scenes.window import Window
from changen_cli.types import UInt8Array
from tests.scenes.writing import WriteRaster


def grid_of(
    path: str, resolution: float | None = None, optional: bool = False, suited: tuple[float, float] | None = None
) -> GeoBox:
    with rasterio.open(path) as dataset:
        return make_geobox(dataset, path, resolution, optional, suited=suited)


@pytest.fixture
def pixels() -> UInt8Array:
    return np.ones((3, 200, 300), np.uint8)


def test_web_mercator_metres_are_not_ground_metres(write_raster: WriteRaster, pixels: UInt8Array) -> None:
    latitude = 60.0
    y = 6378137 * math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
    path = write_raster("a.tif", pixels, crs="EPSG:3857", transform=Affine(1, 0, 0, 0, -1, y + 100))
    grid = grid_of(path)
    assert grid.ground_resolution == pytest.approx(0.5, rel=0.005)
    read = grid_of(path, 1.0)
    assert read.scale_x == pytest.approx(2, rel=0.005)
    assert (read.height, read.width) == (int(200 / read.scale_y), int(300 / read.scale_x))
    assert read.transform is not None
    assert grid.transform is not None
    assert read.transform @ (0, 0) == grid.transform @ (0, 0)


def test_degrees(write_raster: WriteRaster, pixels: UInt8Array) -> None:
    path = write_raster("a.tif", pixels, crs="EPSG:4326", transform=Affine(1e-5, 0, 10, 0, -1e-5, 60))
    grid = grid_of(path, 2.0)
    # A degree of latitude is 111.4 km there, one of longitude half of that; read pixels are square on the ground.
    assert 2 / grid.scale_y == pytest.approx(1.114, rel=0.002)
    assert 2 / grid.scale_x == pytest.approx(0.558, rel=0.002)


def test_utm_and_rotated(write_raster: WriteRaster, pixels: UInt8Array) -> None:
    turned = Affine(0.5, 0, 500_000, 0, -0.5, 5_000_000) @ Affine.rotation(30)
    grid = grid_of(write_raster("a.tif", pixels, transform=turned), 1.0)
    assert grid.scale_x == pytest.approx(2, rel=0.001)
    assert grid.transform is not None
    assert grid.transform @ (10, 10) == pytest.approx(turned @ (10 * grid.scale_x, 10 * grid.scale_y))


def test_local_metres(write_raster: WriteRaster, pixels: UInt8Array) -> None:
    local = 'LOCAL_CS["site",UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]'
    grid = grid_of(write_raster("a.tif", pixels, crs=local), 1.0)
    assert (grid.scale_x, grid.scale_y) == (2, 2)


def test_the_resolution_it_has_is_read_as_it_is(write_raster: WriteRaster, pixels: UInt8Array) -> None:
    path = write_raster("a.tif", pixels)
    assert not grid_of(path, 0.5).resampled
    assert grid_of(path, 0.51).resampled


def test_no_georeference(write_raster: WriteRaster, pixels: UInt8Array) -> None:
    path = write_raster("plain.png", pixels, georeferenced=False)
    assert grid_of(path).transform is None
    assert grid_of(path).transform_of(Window(0, 0, 8, 8)) is None
    with pytest.raises(SceneError, match=r"plain\.png: has no georeference.*leave the resolution out"):
        grid_of(path, 0.5)
    assert grid_of(path, 0.5, optional=True).width == 300


def test_coarser_than_the_scene(write_raster: WriteRaster, pixels: UInt8Array) -> None:
    with pytest.raises(SceneError, match="less than one pixel of 500 m"):
        grid_of(write_raster("a.tif", pixels), 500.0)


@pytest.mark.parametrize(
    ("own", "read_at"), [(0.14, 0.3), (0.2999, 0.2999), (0.3, 0.3), (0.45, 0.45), (0.6, 0.6), (1.0, 0.6), (10.0, 10.0)]
)
def test_the_nearest_that_suits_is_chosen(
    own: float, read_at: float, write_raster: WriteRaster, pixels: UInt8Array
) -> None:
    local = 'LOCAL_CS["site",UNIT["metre",1],AXIS["X",EAST],AXIS["Y",NORTH]]'
    path = write_raster("a.tif", pixels, crs=local, transform=Affine(own, 0, 0, 0, -own, 0))
    grid = grid_of(path, suited=(0.3, 0.6))
    assert grid.ground_resolution == pytest.approx(read_at)
    chosen = own not in (read_at, 10.0)
    assert (grid.chosen_for is not None) is grid.resampled is chosen
    if chosen:
        assert grid.chosen_for == pytest.approx(own)
        assert (grid.height, grid.width) == (int(200 * own / read_at + 1e-6), int(300 * own / read_at + 1e-6))
    assert grid_of(path, 0.5, suited=(0.3, 0.6)) == grid_of(path, 0.5), "what is asked for is what is read"


def test_nothing_is_chosen_for_a_raster_that_lies_nowhere(write_raster: WriteRaster, pixels: UInt8Array) -> None:
    path = write_raster("a.tif", pixels, crs=None, transform=Affine.identity())
    grid = grid_of(path, suited=(0.3, 0.6))
    assert not grid.resampled
    assert grid.chosen_for is None
