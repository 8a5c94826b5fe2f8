from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from changen_cli.errors import SceneError, TileError, UsageError
from changen_cli.scenes.footprints.vectors import Exclusion, VectorLabels
from changen_cli.scenes.image.geobox import make_geobox
from changen_cli.scenes.image.rasters import open_raster
from changen_cli.scenes.layout import Footprint
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.scene import open_scene
from changen_cli.scenes.source import LabelSource, SceneSource
from changen_cli.scenes.window import TileGrid, Window
from changen_cli.types import UInt8Array
from tests.scenes.writing import WriteRaster, WriteVector

ALL = Window(0, 0, 120, 160)
HOUSES = [box(10 * i + 2, 10 * j + 3, 10 * i + 8, 10 * j + 7) for j in range(10) for i in range(14)]


@pytest.fixture
def raster(write_raster: WriteRaster, image: UInt8Array) -> str:
    return write_raster("a.tif", image)


def footprints(raster: str, path: str, **options: Any) -> tuple[Footprint, ...]:
    with open_scene(SceneSource("s", raster, LabelSource("vector", path)), ReadOptions(**options)) as scene:
        return scene.read_all().layout.footprints


@contextmanager
def laid(raster: str, path: str, **limits: Any) -> Iterator[VectorLabels]:
    """The labels of a raster, with limits that are not those of a scene."""
    with open_raster(raster) as dataset:
        grid = make_geobox(dataset, raster, None, False)
    labels = VectorLabels(path, raster, grid, "s", ReadOptions(), False, **limits)
    yield labels
    labels.close()


def same(found: Sequence[Footprint], wanted: Sequence[Polygon], within: float) -> None:
    assert len(found) == len(wanted)
    for footprint, polygon in zip(found, wanted, strict=True):
        assert shapely.hausdorff_distance(footprint.polygon, polygon) < within


@pytest.mark.parametrize("name", ["v.geojson", "v.gpkg", "v.fgb", "v.shp", "v.parquet"])
@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326", "EPSG:3035", "EPSG:3857"])
def test_every_format_in_any_crs(raster: str, write_vector: WriteVector, name: str, crs: str) -> None:
    path = write_vector(name, HOUSES, crs=crs)
    found = footprints(raster, path)
    # FlatGeobuf packs its features by place; every other format keeps their order.
    order = sorted(found, key=lambda f: (f.polygon.bounds[1] // 5, f.polygon.bounds[0]))
    same(order, HOUSES, 0.05)
    assert sorted(f.uid for f in found) == list(range(1, 141))
    if name != "v.fgb":
        assert [f.uid for f in order] == list(range(1, 141))


def test_parquet_with_a_covering_is_read_by_extent(raster: str, write_vector: WriteVector) -> None:
    far = [shapely.transform(h, lambda xy: xy + 5000) for h in HOUSES[:10]]
    path = write_vector("v.parquet", far + HOUSES, write_covering_bbox=True)
    same(footprints(raster, path), HOUSES, 1e-6)


def test_uids_are_the_same_in_every_tile(raster: str, write_vector: WriteVector) -> None:
    path = write_vector("v.gpkg", HOUSES)
    with open_scene(SceneSource("s", raster, LabelSource("vector", path)), ReadOptions(min_area=0)) as scene:
        _, whole = scene.read_all().layout.rasterize()
        for window in TileGrid(120, 160, 48, edges="pad"):
            _, tile = scene.read(window).layout.rasterize()
            part = whole[window.row : window.row + 48, window.column : window.column + 48]
            assert np.array_equal(tile[: part.shape[0], : part.shape[1]], part)


@pytest.mark.parametrize("name", ["v.gpkg", "v.fgb"])
def test_large_indexed_files_are_read_by_window(raster: str, write_vector: WriteVector, name: str) -> None:
    outlines = [*HOUSES, MultiPolygon([box(150, 2, 154, 8), box(150, 112, 154, 118)])]
    path = write_vector(name, outlines)
    whole = footprints(raster, path)
    with laid(raster, path, indexed_limit=50, block=64) as labels:
        found = labels.footprints(ALL)
        assert sorted(f.polygon.wkt for f in found) == sorted(f.polygon.wkt for f in whole)
        by_uid = {f.uid: f.polygon for f in found}
        assert len(by_uid) == 142
        inner = labels.footprints(Window(20, 20, 48, 48))
        assert {f.uid for f in inner} <= set(by_uid)
        for footprint in inner:
            there = shapely.transform(footprint.polygon, lambda xy: xy + 20)
            assert shapely.covers(by_uid[footprint.uid].buffer(1e-6), there)
        assert labels.as_manifest()["read_by_window"] is True
        assert len(labels.outlines(256).outlines) > 50
        assert len(labels.outlines(20).outlines) == 20
    elsewhere = write_vector("far_" + name, [shapely.transform(h, lambda xy: xy + 5000) for h in HOUSES])
    with pytest.raises(SceneError, match="touch no pixel"), laid(raster, elsewhere, indexed_limit=50):
        pass


def test_damaged_and_degenerate_features_are_counted(raster: str, write_vector: WriteVector) -> None:
    bow_tie = Polygon([(20, 20), (40, 40), (40, 20), (20, 40)])
    flat = Polygon([(5, 5), (9, 9), (5, 5)])
    features = [box(60, 60, 70, 70), bow_tie, flat, LineString([(1, 1), (9, 9)]), Point(3, 3), None]
    path = write_vector("v.geojson", features)
    with open_scene(SceneSource("s", raster, LabelSource("vector", path))) as scene:
        assert len(scene.read_all().layout.footprints) == 3
        report = scene.report
        assert (report.footprints, report.repaired, report.zero_area) == (3, 1, 1)
        assert (report.not_polygons, report.empty, report.dropped) == (2, 1, 4)
        assert scene.as_manifest()["footprints"]["on_scene"]["repaired"] == 1


def test_slivers_at_a_tile_edge_are_dropped(raster: str, write_vector: WriteVector) -> None:
    path = write_vector("v.gpkg", [box(10, 10, 20, 30.3)])
    source = SceneSource("s", raster, LabelSource("vector", path))
    with open_scene(source) as scene, open_scene(source, ReadOptions(min_area=0)) as every:
        window = Window(30, 0, 32, 32)
        assert scene.read(window).layout.footprints == ()
        assert every.read(window).layout.footprints[0].polygon.area == pytest.approx(3)


def test_footprints_are_clipped_to_the_scene(raster: str, write_vector: WriteVector) -> None:
    path = write_vector("v.gpkg", [box(150, 110, 200, 200)])
    with open_scene(SceneSource("s", raster, LabelSource("vector", path))) as scene:
        (footprint,) = scene.read(Window(100, 100, 64, 64)).layout.footprints
        assert footprint.polygon.bounds == pytest.approx((50, 10, 60, 20))
        assert scene.outlines() == ()  # it is not whole


def test_a_file_that_says_no_crs(raster: str, write_vector: WriteVector) -> None:
    path = write_vector("v.shp", HOUSES, crs=None)
    with pytest.raises(SceneError, match=r"v\.shp: does not say which CRS.*none is assumed.*--footprints-crs EPSG"):
        footprints(raster, path)
    same(footprints(raster, path, footprints_crs="EPSG:32633"), HOUSES, 1e-6)
    path = write_vector("v.parquet", HOUSES, crs=None)
    with pytest.raises(SceneError, match="does not say which CRS"):
        footprints(raster, path)


def test_pixel_coordinates(write_raster: WriteRaster, write_vector: WriteVector, image: UInt8Array) -> None:
    plain = write_raster("plain.png", image, georeferenced=False)
    path = write_vector("v.geojson", HOUSES, pixels=False, crs=None)
    with pytest.raises(SceneError, match=r"plain\.png: has no CRS.*v\.geojson.*--footprints-crs pixel"):
        footprints(plain, path)
    same(footprints(plain, path, footprints_crs="pixel"), HOUSES, 1e-6)


@pytest.mark.parametrize("name", ["v.geojson", "v.gpkg", "v.parquet"])
def test_footprints_in_another_place(raster: str, write_vector: WriteVector, name: str) -> None:
    path = write_vector(name, [shapely.transform(h, lambda xy: xy + 5000) for h in HOUSES], crs="EPSG:4326")
    message = rf"{name}: its footprints touch no pixel of .*a\.tif: they cover x 15\.\d+ to .* the raster covers x 15"
    with pytest.raises(SceneError, match=message):
        footprints(raster, path)


def test_footprints_around_but_not_on_the_raster(raster: str, write_vector: WriteVector) -> None:
    path = write_vector("v.gpkg", [box(-50, -50, -40, -40), box(300, 300, 310, 310)])
    with pytest.raises(SceneError, match="touch no pixel"):
        footprints(raster, path)
    with open_scene(SceneSource("s", raster, LabelSource("vector", path, shared=True))) as scene:
        assert scene.read_all().layout.footprints == ()


def test_files_of_nothing_usable(raster: str, write_vector: WriteVector, tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"no polygon with an area.*2 points or lines"):
        footprints(raster, write_vector("v.geojson", [Point(3, 3), Point(50, 50)]))
    with pytest.raises(SceneError, match="none of its features has a geometry"):
        footprints(raster, write_vector("n.geojson", [None]))
    with pytest.raises(SceneError, match=r"gone\.gpkg: no such vector file"):
        footprints(raster, str(tmp_path / "gone.gpkg"))
    for name in ("cut.geojson", "cut.gpkg", "cut.parquet", "cut.fgb"):
        path = tmp_path / name
        whole = write_vector(name, HOUSES)
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 3])
        with pytest.raises((SceneError, TileError), match=rf"{name}: cannot be read as a vector file"):
            footprints(raster, whole)
    empty = write_vector("e.gpkg", [], crs="EPSG:32633", layer="e")
    assert footprints(raster, empty) == ()


def test_one_layer_of_several_must_be_named(raster: str, write_vector: WriteVector) -> None:
    write_vector("v.gpkg", [box(0, 0, 9, 9)], layer="water")
    path = write_vector("v.gpkg", HOUSES, layer="houses", mode="a")
    with pytest.raises(SceneError, match=r"found: .*houses.*layername=NAME"):
        footprints(raster, path)
    assert len(footprints(raster, path + "|layername=houses")) == 140
    with pytest.raises(SceneError, match="cannot be read"):
        footprints(raster, path + "|layername=gone")


def test_at_another_resolution(raster: str, write_vector: WriteVector) -> None:
    path = write_vector("v.gpkg", HOUSES, crs="EPSG:4326")
    with open_scene(SceneSource("s", raster, LabelSource("vector", path)), ReadOptions(resolution=0.25)) as scene:
        scale = scene.width / 160
        assert scale == pytest.approx(2, rel=0.01)
        found = scene.read_all().layout.footprints
        same(found, [shapely.transform(h, lambda xy: xy * [scale, scene.height / 120]) for h in HOUSES], 0.6)


def test_exclusion(raster: str, write_vector: WriteVector) -> None:
    path = write_vector("v.gpkg", HOUSES)
    source = SceneSource("s", raster, LabelSource("vector", path))
    water = write_vector("water.geojson", [box(20, 20, 60, 60), box(50, 50, 200, 70), Point(1, 1)], crs="EPSG:4326")
    with open_scene(source, ReadOptions(exclude=water)) as scene:
        tile = scene.read(Window(0, 0, 64, 64))
        wanted = shapely.union_all([box(20, 20, 60, 60), box(50, 50, 64, 64)])
        assert shapely.symmetric_difference(tile.exclusion, wanted).area < 0.1
        assert scene.read(Window(80, 0, 32, 32)).exclusion.is_empty
        assert scene.as_manifest()["exclude"]["on_scene"]["not_polygons"] == 1
    far = write_vector("far.gpkg", [box(9000, 9000, 9010, 9010)])
    with open_scene(source, ReadOptions(exclude=far)) as scene:
        assert scene.read_all().exclusion.is_empty
    with open_scene(source) as scene:
        assert scene.read_all().exclusion.is_empty


def test_exclusions_that_exclude_nothing(raster: str, write_vector: WriteVector) -> None:
    source = SceneSource("s", raster)
    roads = write_vector("roads.gpkg", [LineString([(0, 0), (100, 100)])] * 3)
    with pytest.raises(SceneError, match=r"roads\.gpkg: holds 3 line.*buffer them"):
        open_scene(source, ReadOptions(exclude=roads))
    no_crs = write_vector("n.shp", HOUSES, crs=None)
    with pytest.raises(SceneError, match=r"n\.shp: does not say which CRS.*ogr2ogr -a_srs"):
        open_scene(source, ReadOptions(exclude=no_crs, footprints_crs="EPSG:32633"))
    with open_raster(raster) as dataset:
        grid = make_geobox(dataset, raster, None, False)
    by_window = Exclusion(roads, raster, grid, ReadOptions(), indexed_limit=1)
    with pytest.raises(SceneError, match="buffer them"):
        by_window.cut(grid.whole)


def test_unknown_crs_is_refused_before_any_file() -> None:
    with pytest.raises(UsageError, match="EPSG:99999999"):
        ReadOptions(footprints_crs="EPSG:99999999")


CLASSED = {"class_attribute": "n", "class_name": ("9=zero|0", "2=water|1", "1=building|*")}


@pytest.mark.parametrize("name", ["v.geojson", "v.gpkg", "v.shp", "v.fgb", "v.parquet"])
def test_a_column_says_the_classes(raster: str, write_vector: WriteVector, name: str) -> None:
    path = write_vector(name, HOUSES[:6])
    found = footprints(raster, path, **CLASSED)
    by_place = {round(f.polygon.bounds[0]): f.category for f in found}
    assert by_place == {2: 9, 12: 2, 22: 1, 32: 1, 42: 1, 52: 1}
    assert {f.category for f in footprints(raster, path)} == {1}


def test_parts_and_dropped_features_keep_their_class(raster: str, write_vector: WriteVector) -> None:
    parts = MultiPolygon([HOUSES[0], HOUSES[1]])
    path = write_vector("v.gpkg", [None, parts, Point(5, 5), HOUSES[2]])
    found = footprints(raster, path, class_attribute="n", class_name=("7=none|0",))
    assert [(f.uid, f.category) for f in found] == [(1, 1), (2, 1), (3, 3)]


@pytest.mark.parametrize("limit", [1000, 5])
def test_classes_of_windows_and_outlines(raster: str, write_vector: WriteVector, limit: int) -> None:
    path = write_vector("v.gpkg", HOUSES)
    with open_raster(raster) as dataset:
        grid = make_geobox(dataset, raster, None, False)
    options = ReadOptions(class_attribute="n", class_name=("3=first|0", "2=second|1|2|3", "1=building|*"))
    labels = VectorLabels(path, raster, grid, "s", options, False, indexed_limit=limit, block=32)
    window = Window(0, 0, 18, 38)  # the first four houses of two rows
    assert sorted(f.category for f in labels.footprints(window)) == [1] * 4 + [2] * 3 + [3]
    sample = labels.outlines(50)
    assert len(sample.outlines) == len(sample.classes)
    assert sample.classes == tuple(sorted(sample.classes))
    if limit == 1000:
        assert [sample.classes.count(number) for number in (1, 2, 3)] == [50, 3, 1]
    told = labels.as_manifest()
    assert told["class_attribute"] == "n"
    assert told.get("classes") == (None if limit == 5 else {"1": len(HOUSES) - 4, "2": 3, "3": 1})


def test_what_is_no_class_is_named(raster: str, write_vector: WriteVector) -> None:
    path = write_vector("v.gpkg", HOUSES[:3])
    with pytest.raises(
        SceneError, match=r"v\.gpkg: the column 'n' says of 1 footprints .*: 0 \(1\); say .*--class-name"
    ):
        footprints(raster, path, class_attribute="n")
