from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
import shapely

from changen_cli.errors import SceneError
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.scene import open_scene
from changen_cli.scenes.source import LabelSource, SceneSource
from changen_cli.scenes.window import TileGrid

SCRIPT = Path(__file__).parents[2] / "data" / "make_xbd.py"
FAKE = runpy.run_path(str(SCRIPT))
SIZE = 256

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fake tree of 256 x 256 pixels: 12 scenes in four splits."""
    root: Path = FAKE["write_xbd"](tmp_path_factory.mktemp("xbd") / "xview2", SIZE, scenes=2, buildings=20)
    return root


@pytest.fixture
def source(tree: Path) -> SceneSource:
    return {s.id: s for s in find_scenes([str(tree)])}["joplin-tornado_00000000"]


def label_of(source: SceneSource) -> Path:
    assert source.labels is not None
    return Path(source.labels.path)


@pytest.fixture
def label(tmp_path: Path, source: SceneSource) -> Callable[..., SceneSource]:
    """Writes a changed copy of a label file and returns a source with it."""

    def write(change: Change) -> SceneSource:
        released = label_of(source)
        content = json.loads(released.read_text())
        content = change(content) or content
        path = tmp_path / released.name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return SceneSource(source.id, source.image, LabelSource("xbd", str(path)))

    return write


def test_the_tree_is_found_whole(tree: Path) -> None:
    splits = [s.split for s in find_scenes([str(tree)])]
    assert {name: splits.count(name) for name in splits} == {"train": 8, "val": 4, "test": 4}
    assert not (tree / "tier3" / "targets").exists()
    assert len(list((tree / "train" / "images").iterdir())) == 8


@pytest.mark.parametrize("split", ["train", "test", "hold"])
def test_outlines_draw_the_targets(tree: Path, split: str) -> None:
    for source in find_scenes([str(tree / split)]):
        target = source.image.replace("/images/", "/targets/").replace(".png", "_target.png")
        with open_scene(source) as scene, rasterio.open(target) as dataset:
            tile = scene.read_all()
            mask, _ = tile.layout.rasterize()
            assert np.array_equal(mask, dataset.read(1))
            with rasterio.open(source.image) as image:
                assert np.array_equal(tile.image, image.read())


def test_tier3_has_footprints_without_targets(source: SceneSource) -> None:
    with open_scene(source) as scene:
        tile = scene.read_all()
        assert len(tile.layout.footprints) > 8
        assert tile.image[:, tile.layout.rasterize()[0] > 0].mean() > 1.5 * tile.image.mean()


def test_the_fitted_georeference_is_where_lng_lat_says(source: SceneSource) -> None:
    content = json.loads(label_of(source).read_text())
    with open_scene(source) as scene:
        assert scene.crs is not None
        assert scene.crs.to_epsg() == 4326
        assert scene.ground_resolution == pytest.approx(FAKE["GSD"], rel=2e-3)  # UTM is not true to scale either
        tile = scene.read(TileGrid(SIZE, SIZE, 64)[5])
        geod = pyproj.Geod(ellps="WGS84")
        inside = 0
        for feature, place in zip(content["features"]["xy"], content["features"]["lng_lat"], strict=True):
            for pixel, lng_lat in zip(
                *(shapely.get_coordinates(shapely.from_wkt(f["wkt"])) for f in (feature, place)), strict=True
            ):
                for transform, x, y in ((scene.transform, *pixel), (tile.transform, pixel[0] - 64, pixel[1] - 64)):
                    assert geod.inv(*(transform @ (x, y)), *lng_lat)[2] < 0.1 * FAKE["GSD"]
                inside += 1
        assert inside > 40
        told = scene.as_manifest()
    assert told["footprints"]["kind"] == "xbd"
    assert told["footprints"]["georeference"]["fitted"] is True
    assert told["footprints"]["georeference"]["residual_pixels"] < 0.05
    assert told["footprints"]["metadata"]["disaster"] == "joplin-tornado"
    json.dumps(told)


def test_reading_at_a_resolution_goes_by_the_fit_and_not_by_the_metadata(source: SceneSource) -> None:
    with open_scene(source) as scene, open_scene(source, ReadOptions(resolution=1.0)) as coarse:
        assert (coarse.height, coarse.width) == (SIZE // 2, SIZE // 2)
        assert coarse.ground_resolution == 1.0
        fine_mask = scene.read_all().layout.rasterize()[0]
        mask = coarse.read_all().layout.rasterize()[0]
        assert mask.mean() == pytest.approx(fine_mask.mean(), rel=0.05)
        assert (mask == fine_mask[::2, ::2]).mean() > 0.97
        assert coarse.read(TileGrid(128, 128, 64)[0]).transform == coarse.transform


def test_tiles_share_uids_and_clip(source: SceneSource) -> None:
    with open_scene(source, ReadOptions(min_area=0.0)) as scene:
        whole = scene.read_all().layout
        _, instances = whole.rasterize()
        for window in TileGrid(SIZE, SIZE, 64):
            _, part = scene.read(window).layout.rasterize()
            there = instances[window.row : window.row + 64, window.column : window.column + 64]
            assert np.array_equal(part, there)
        outlines = scene.outlines()
    edge = [f for f in whole.footprints if min(f.polygon.bounds) <= 0 or max(f.polygon.bounds) >= SIZE]
    assert edge
    assert len(outlines) == len(whole.footprints) - len(edge)


def test_a_scene_without_buildings(tree: Path) -> None:
    source = {s.id: s for s in find_scenes([str(tree)])}["hurricane-michael_00000001"]
    with open_scene(source) as scene:
        assert scene.known_empty
        assert scene.read_all().layout.footprints == ()
        assert scene.outlines() == ()
        assert (scene.crs, scene.transform, scene.ground_resolution) == (None, None, None)
        assert scene.as_manifest()["footprints"]["georeference"]["why"] == "fewer than 4 points"
    with pytest.raises(SceneError, match="no georeference that gives metres"):
        open_scene(source, ReadOptions(resolution=1.0))
    with open_scene(source, ReadOptions(resolution=1.0, resolution_optional=True)) as scene:
        assert scene.height == SIZE


def test_a_georeference_of_its_own_comes_first(source: SceneSource, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "height": SIZE, "width": SIZE, "count": 3, "dtype": "uint8"}
    own = rasterio.Affine(0.5, 0, 500_000, 0, -0.5, 4_000_000)
    with rasterio.open(path, "w", crs="EPSG:32615", transform=own, **profile) as dataset:
        dataset.write(np.ones((3, SIZE, SIZE), np.uint8))
    with open_scene(SceneSource("s", str(path), source.labels)) as scene:
        assert scene.transform == own
        assert scene.read_all().layout.footprints


def test_lists_in_another_order_and_features_that_fail(label: Callable[..., SceneSource]) -> None:
    def change(content: dict[str, Any]) -> None:
        features = content["features"]
        features["lng_lat"].reverse()
        features["xy"][0]["wkt"] = "POLYGON ((1 1, oh"
        features["xy"][1]["wkt"] = "POLYGON ((0 0, 40 40, 40 0, 0 40, 0 0))"
        features["xy"][2]["wkt"] = "POLYGON EMPTY"
        features["xy"][3]["properties"]["feature_type"] = "road"
        features["lng_lat"].pop()

    source = label(change)
    with open_scene(source) as scene:
        assert scene.crs is not None
        report, told = scene.report, scene.as_manifest()["footprints"]
    assert (report.empty, report.repaired) == (2, 1)
    assert told["other_features"] == 1
    assert report.footprints == report.features - report.empty + 1  # the bow tie became two


def test_without_lng_lat_there_is_no_georeference(label: Callable[..., SceneSource]) -> None:
    with open_scene(label(lambda c: c["features"].pop("lng_lat") and None)) as scene:
        assert scene.crs is None
        assert not scene.known_empty


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: json.dumps(c)[:200], "cannot be read as JSON"),
        (lambda c: {"type": "FeatureCollection", "features": []}, "is not an xBD label file.*features.xy"),
        (lambda c: [c], "is not an xBD label file"),
        (lambda c: c["features"]["xy"][0].pop("wkt") and None, "is not an xBD label file.*wkt"),
        (
            lambda c: c["metadata"].update(width=1024),
            "labels of an image of 1024 x 256 pixels, but .*png has 256 x 256",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_why(label: Callable[..., SceneSource], change: Change, message: str) -> None:
    source = label(change)
    with pytest.raises(SceneError, match=message) as error:
        open_scene(source)
    assert str(label_of(source)) in str(error.value)


def test_a_missing_label_names_both_files(tree: Path) -> None:
    image = tree / "train" / "images" / "guatemala-volcano_00000000_pre_disaster.png"
    gone = tree / "train" / "labels" / "gone_00000000_pre_disaster.json"
    source = SceneSource("s", str(image), LabelSource("xbd", str(gone)))
    with pytest.raises(
        SceneError, match=r"gone_.*no such label file, and no .*targets/gone_00000000_pre_disaster_target"
    ):
        open_scene(source)


@pytest.fixture
def changen(one_thread: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Runs ``changen generate`` with the copy synthesizer and returns its summary and exit code."""
    from changen_cli.cli.main import main

    def run(*words: object) -> dict[str, Any]:
        fixed = ["generate", "--synthesizer", "copy", "--workers", "0", "--tile-size", "128", "--json", "--quiet"]
        with pytest.raises(SystemExit) as stop:
            main([*fixed, *map(str, words)])
        return {"code": stop.value.code, **json.loads(capsys.readouterr().out)}

    return run


def test_generate_cuts_hold_into_tiles(changen: Callable[..., dict[str, Any]], tree: Path, tmp_path: Path) -> None:
    from changen_cli import open_series

    done = changen("-i", tree / "hold", "-o", tmp_path / "out", "--events", "remove")
    assert (done["code"], done["samples"], done["statuses"]) == (0, 16, {"done": 16})
    data = open_series(tmp_path / "out")
    sources = {s.id: s for s in find_scenes([str(tree / "hold")])}
    for sample in data:
        assert sample.split == "val"
        assert rasterio.crs.CRS.from_string(sample.crs).to_epsg() == 4326
        with open_scene(sources[sample.scene]) as scene:
            assert scene.transform is not None
            assert sample.transform is not None
            x, y = ~scene.transform @ (sample.transform.c, sample.transform.f)
            row, column = round(y), round(x)
            assert np.array_equal(sample.image[0], scene.read_all().image[:, row : row + 128, column : column + 128])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert "residual_pixels" in json.dumps(manifest)


def test_generate_takes_the_whole_tree(changen: Callable[..., dict[str, Any]], tree: Path, tmp_path: Path) -> None:
    from changen_cli import open_series

    root = tmp_path / "xview2"
    shutil.copytree(tree, root)
    gone = "labels/portugal-wildfire_00000001_pre_disaster.json"
    (root / "tier3" / gone).unlink()
    done = changen("-i", root, "-o", tmp_path / "out", "--events", "create,remove")
    assert done["statuses"] == {"done": 60}  # four of them, with no building and nowhere to take one from, unchanged
    assert done["code"] == 1
    data = open_series(tmp_path / "out")
    assert {s.scene: s.split for s in data}["joplin-tornado_00000000"] == "train"
    manifest = (tmp_path / "out" / "manifest.json").read_text()
    assert gone in manifest
    assert "no such label file" in manifest


def test_the_script_writes_the_same_tree_again_and_full_size(tmp_path: Path) -> None:
    for name in ("a", "b"):
        subprocess.run([sys.executable, str(SCRIPT), str(tmp_path / name), "--scenes", "1", "--size", "64"], check=True)
    first, second = (
        {p.relative_to(r): p.read_bytes() for p in r.rglob("*.*")} for r in (tmp_path / "a", tmp_path / "b")
    )
    assert first == second
    assert FAKE["write_xbd"].__defaults__[0] == 1024
