from __future__ import annotations

import pytest
import shapely
from shapely.geometry import LineString, box

from changen_cli.errors import SceneError
from changen_cli.scenes.footprints.library import Library, read_library
from tests.scenes.writing import WriteVector


def test_outlines_in_metres_are_centred_and_scaled_to_the_scene(write_vector: WriteVector) -> None:
    library = read_library(write_vector("v.gpkg", [box(10, 10, 30, 20), box(50, 40, 54, 60)], crs="EPSG:4326"))
    assert library.metres
    wide, tall = library.outlines_at(0.25)
    assert wide.bounds == pytest.approx((-20, -10, 20, 10), abs=0.1)  # pixels of the writer are 0.5 m
    assert tall.bounds == pytest.approx((-4, -20, 4, 20), abs=0.1)


def test_y_is_downwards(write_vector: WriteVector) -> None:
    step = shapely.union_all([box(0, 0, 20, 4), box(0, 4, 4, 20)])  # the long arm is at the top
    (outline,) = read_library(write_vector("v.gpkg", [step])).outlines_at(0.5)
    west, top, east, _ = outline.bounds
    assert outline.intersection(box(west, top, east, top + 2)).area == pytest.approx(40, rel=0.01)


def test_outlines_without_a_crs_are_in_pixels(write_vector: WriteVector) -> None:
    library = read_library(write_vector("v.gpkg", [box(0, 0, 8, 6)], crs=None, pixels=False))
    assert not library.metres
    for resolution in (None, 0.3):
        (outline,) = library.outlines_at(resolution)
        assert outline.bounds == pytest.approx((-4, -3, 4, 3))


def test_metres_need_a_scene_that_knows_its_resolution() -> None:
    with pytest.raises(SceneError, match=r"v\.gpkg: outlines in metres.*without a georeference"):
        Library("v.gpkg", (box(-1, -1, 1, 1),), metres=True).outlines_at(None)


def test_a_library_without_polygons_is_refused(write_vector: WriteVector) -> None:
    with pytest.raises(SceneError, match=r"lines\.gpkg: no polygon in it"):
        read_library(write_vector("lines.gpkg", [LineString([(0, 0), (9, 9)])]))


@pytest.mark.parametrize("corner", [(200, 100), (10, 85)])
def test_pixels_in_a_geojson_are_no_degrees(write_vector: WriteVector, corner: tuple[int, int]) -> None:
    """GeoJSON is in degrees if it does not say otherwise (RFC 7946)."""
    x, y = corner
    path = write_vector("pixels.geojson", [box(x, y, x + 8, y + 6)], crs=None, pixels=False)
    with pytest.raises(SceneError, match=rf"pixels\.geojson: coordinates from \({x}, {y}\) to .*-a_srs None") as caught:
        read_library(path)
    assert "\n" not in str(caught.value)


def test_a_library_at_the_origin_of_degrees(write_vector: WriteVector) -> None:
    path = write_vector("v.geojson", [box(0, 0, 1e-4, 1e-4)], crs=None, pixels=False)
    (outline,) = read_library(path).outlines_at(0.5)
    assert outline.bounds == pytest.approx((-11.1, -11.1, 11.1, 11.1), abs=0.1)


def test_a_large_library_is_thinned_evenly(write_vector: WriteVector) -> None:
    boxes = [box(0, 0, 1 + i / 100, 1) for i in range(5000)]
    library = read_library(write_vector("v.fgb", boxes, crs=None, pixels=False, SPATIAL_INDEX="NO"))
    assert len(library.outlines) == 4096
    widths = [outline.bounds[2] - outline.bounds[0] for outline in library.outlines]
    assert (min(widths), max(widths)) == pytest.approx((1, 50.99))
