from __future__ import annotations

import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from shapely.geometry import Point, box

from changen_cli.errors import SceneError
from changen_cli.scenes.footprints.projection import Projection
from changen_cli.scenes.footprints.vector_file import VectorFile
from changen_cli.scenes.image.geobox import GeoBox
from changen_cli.scenes.window import Window
from tests.scenes.writing import ORIGIN, UTM, WriteVector

HOUSE = box(20, 30, 40, 60)
GRID = GeoBox(120, 160, ORIGIN, CRS.from_string(UTM))
COARSE = GeoBox(60, 80, ORIGIN @ Affine.scale(2), CRS.from_string(UTM), 2.0, 2.0)


def projected(path: str, grid: GeoBox = GRID, crs: str | None = None) -> Projection:
    return Projection(VectorFile(path), "a.tif", grid, crs, "--footprints-crs")


@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326", "EPSG:3035"])
@pytest.mark.parametrize(("grid", "factor"), [(GRID, 1.0), (COARSE, 0.5)])
def test_there_and_back(write_vector: WriteVector, crs: str, grid: GeoBox, factor: float) -> None:
    path = write_vector("v.gpkg", [HOUSE], crs=crs)
    projection = projected(path, grid)
    window = Window(*(int(v * factor) for v in (30, 20, 30, 20)))
    around = projection.box_of(window, margin=0.0)
    assert around is not None
    geometries = VectorFile(path).select(around).geometries
    (house,) = projection.to_pixels(geometries)
    assert house.bounds == pytest.approx([v * factor for v in HOUSE.bounds], abs=0.05)
    (extent,) = projection.to_pixels(np.array([box(*around)], object))
    assert extent.buffer(0.1).covers(house)


def test_pixel_coordinates_need_no_crs(write_vector: WriteVector) -> None:
    path = write_vector("v.geojson", [HOUSE], pixels=False, crs=None)
    projection = projected(path, GeoBox(60, 80, None, None, 2.0, 2.0), "pixel")
    assert projection.crs is None
    assert projection.as_manifest() == "pixel"
    (house,) = projection.to_pixels(np.array([HOUSE], object))
    assert house.bounds == (10, 15, 20, 30)
    assert projection.box_of(Window(0, 0, 60, 80), margin=1.0) == (-2, -2, 162, 122)


def test_what_the_user_says_overrides_the_file(write_vector: WriteVector) -> None:
    path = write_vector("v.shp", [HOUSE], crs=None)
    with pytest.raises(SceneError, match=r"does not say which CRS.*--footprints-crs EPSG"):
        projected(path)
    assert projected(path, crs=UTM).as_manifest() == UTM


def test_a_raster_without_a_crs_is_named(write_vector: WriteVector) -> None:
    with pytest.raises(SceneError, match=r"^a\.tif: has no CRS"):
        projected(write_vector("v.gpkg", [HOUSE]), GeoBox(120, 160, None, None))


def test_what_cannot_be_projected_becomes_infinite(write_vector: WriteVector) -> None:
    projection = projected(write_vector("v.gpkg", [HOUSE], crs="EPSG:4326"))
    (far,) = projection.to_pixels(np.array([Point(400, 100)], object))
    assert not np.isfinite(shapely.get_coordinates(far)).any()
