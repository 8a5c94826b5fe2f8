from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
import zarr
from affine import Affine
from scipy.ndimage import binary_dilation

from changen_cli import open_series
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.synthesis.background import FEATHER, REACH

UTM = rasterio.crs.CRS.from_epsg(32636)
TILES = 12  # of 128 pixels in 300 x 500


@pytest.fixture
def scene(town, tmp_path):
    return town(tmp_path / "in")


@pytest.mark.parametrize("labels", [".gpkg", ".geojson", "mask", "instances"])
def test_a_series_is_consistent(generate, town, tmp_path, untrained_weights, labels):
    source = town(tmp_path / "in", labels=labels)
    out = tmp_path / "out"
    done = generate(
        "-i", source.parent, "-o", out, "--steps", 3, "--synthesizer", "changen", "--weights", untrained_weights,
        "--json", "--events", "create=2,remove,relocate", "--changes-per-step", "1:3",
    )  # fmt: skip
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    data = open_series(out)
    with rasterio.open(source) as file:
        transform, whole = file.transform, file.read()
    assert len(data) == summary["samples"] == TILES
    assert summary["statuses"] == {"done": TILES}
    found = dict.fromkeys(summary["changes"], 0)
    for sample in data:
        column, row = (round(v) for v in ~transform @ (sample.transform.c, sample.transform.f))
        assert sample.transform == transform * Affine.translation(column, row)
        assert rasterio.crs.CRS.from_wkt(sample.crs) == UTM
        np.testing.assert_array_equal(sample.image[0], whole[:, row : row + 128, column : column + 128])
        np.testing.assert_array_equal(sample.change, sample.mask[1:] != sample.mask[:-1])
        np.testing.assert_array_equal(sample.mask != 0, sample.instance != 0)
        assert not np.array_equal(sample.image[0], sample.image[1])
        layout = {int(uid) for uid in np.unique(sample.instance[0])} - {0}
        for step in range(1, 4):
            ground = np.zeros((128, 128), bool)
            for change in (c for c in sample.changes if c.step == step):
                found[change.event] += 1
                assert change.before is None or (change.before.uid in layout) == (change.before is not None)
                for footprint, at in ((change.before, step - 1), (change.after, step)):
                    if footprint is not None:
                        drawn = draw(footprint)
                        ground |= drawn
                        assert (sample.instance[at][drawn] == footprint.uid).all()
            assert not sample.change[step - 1][~ground].any()
            assert sample.change[step - 1].any() == ground.any()
            layout = {int(uid) for uid in np.unique(sample.instance[step])} - {0}
    assert found == summary["changes"]
    assert data.manifest["counts"]["changes"] == summary["changes"]
    assert data.manifest["counts"]["samples"] == TILES
    assert data.manifest["arguments"]["synthesizer"]["sha256"]
    assert data.manifest["licences"]["weights"] == {"licence": "CC0-1.0", "attribution": "nobody"}
    assert pq.read_metadata(out / "events.parquet").num_rows == sum(found.values())
    assert zarr.open_group(out, mode="r")["image"].shape == (TILES, 4, 3, 128, 128)


def draw(footprint: Footprint) -> np.ndarray:
    return Layout(128, 128, (footprint,)).rasterize()[1] != 0


def test_the_formats_hold_the_same(generate, scene, tmp_path):
    for format in ("zarr", "geotiff", "levir"):
        assert generate("-i", scene, "-o", tmp_path / format, "-f", format, "--steps", 3).code == 0
    series, folders, pairs = (open_series(tmp_path / format) for format in ("zarr", "geotiff", "levir"))
    rows = [pq.read_table(tmp_path / format / "events.parquet") for format in ("zarr", "geotiff", "levir")]
    assert rows[0].equals(rows[1])
    assert rows[0].equals(rows[2])
    assert len(series) == len(folders) == TILES
    assert len(pairs) == TILES * 5  # 0-1, 1-2, 2-3, and 0-2, 0-3
    for one, other in zip(series, folders, strict=True):
        assert one.id == other.id
        assert one.transform == other.transform
        for name in ("image", "mask", "instance", "change", "valid"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    by_id = {sample.id: sample for sample in series}
    for pair in pairs:
        sample = by_id[pair.id.rpartition("__")[0]]
        first, last = pair.times
        np.testing.assert_array_equal(pair.image, sample.image[[first, last]])
        np.testing.assert_array_equal(pair.change[0], sample.mask[first] != sample.mask[last])
    tile = tmp_path / "geotiff" / series[5].id
    with rasterio.open(tile / "t2.tif") as file, rasterio.open(tile / "change_t1_t2.tif") as change:
        assert file.crs == change.crs == UTM
        assert file.transform == change.transform == series[5].transform
        np.testing.assert_array_equal(change.read(1) != 0, series[5].change[1] != 0)


def test_keep_leaves_far_pixels_untouched(generate, scene, tmp_path, untrained_weights):
    done = generate(
        "-i", scene, "-o", tmp_path / "out", "--steps", 2, "--synthesizer", "changen", "--weights", untrained_weights,
        "--background", "keep", "--changes-per-step", "1:1",
    )  # fmt: skip
    assert done.code == 0, done.err
    for sample in open_series(tmp_path / "out"):
        for step in (1, 2):
            changed = sample.change[step - 1] != 0
            near = binary_dilation(changed, np.ones((3, 3)), iterations=REACH + FEATHER)
            before, after = sample.image[step - 1], sample.image[step]
            np.testing.assert_array_equal(before[:, ~near], after[:, ~near])
            assert (before[:, changed] != after[:, changed]).mean() > 0.9


def test_copy_keeps_the_image(generate, scene, tmp_path):
    assert generate("-i", scene, "-o", tmp_path / "out", "--steps", 2).code == 0
    for sample in open_series(tmp_path / "out"):
        assert (sample.image == sample.image[0]).all()
        assert sample.change.any()


def test_variants_are_other_futures_of_one_tile(generate, scene, tmp_path):
    assert generate("-i", scene, "-o", tmp_path / "one").code == 0
    assert generate("-i", scene, "-o", tmp_path / "three", "--variants", 3).code == 0
    one, three = open_series(tmp_path / "one"), open_series(tmp_path / "three")
    assert len(three) == 3 * len(one)
    ids = [sample.id for sample in three]
    assert ids[:3] == [f"town__r000000_c000000__v{v}" for v in range(3)]
    differ = 0
    for n, sample in enumerate(one):
        futures = [three[3 * n + v] for v in range(3)]
        assert all(np.array_equal(f.image[0], sample.image[0]) for f in futures)
        np.testing.assert_array_equal(futures[0].mask, sample.mask)
        differ += not np.array_equal(futures[0].mask[1], futures[1].mask[1])
    assert differ > TILES / 2  # two futures of a tile with few houses may be alike by chance


def test_resolution(generate, scene, tmp_path):
    assert generate("-i", scene, "-o", tmp_path / "out", "--resolution", 1.0, "--tile-size", 64).code == 0
    data = open_series(tmp_path / "out")
    assert len(data) == 3 * 4
    for sample in data:
        assert sample.transform.a == pytest.approx(1.0, rel=2e-3)
        assert sample.transform.e == pytest.approx(-1.0, rel=2e-3)
    assert data.manifest["scenes"][0]["resampled"] is True


def test_exclude_and_library(generate, scene, tmp_path, outlines):
    water = outlines(tmp_path / "water.gpkg", [shapely.box(0, 0, 250, 300)])
    crosses = outlines(
        tmp_path / "crosses.gpkg", [shapely.union(shapely.box(-3, -12, 3, 12), shapely.box(-12, -3, 12, 3))]
    )
    done = generate(
        "-i", scene, "-o", tmp_path / "out", "--events", "create", "--exclude", water, "--library", crosses,
        "--event-option", "create.scale=1:1", "--changes-per-step", "2:4", "--steps", 2, "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    data = open_series(tmp_path / "out")
    for sample in data:
        west = round((sample.transform.c - 500_000) / 0.5)
        for change in sample.changes:
            outline = change.after.polygon
            assert outline.bounds[0] + west >= 250 - 1e-6
            assert outline.area == pytest.approx(24 * 6 * 2 - 36, rel=0.01)
            assert outline.area / outline.convex_hull.area < 0.7
    summary = json.loads(done.out)
    assert summary["statuses"]["skipped"] >= 3  # tiles that lie in the water
    assert "nothing could change: create: " in summary["problems"][0]["reason"]


def test_huge_tiles_are_padded(generate, scene, tmp_path):
    assert generate("-i", scene, "-o", tmp_path / "out", "--tile-size", 512, "--min-valid", 0.3).code == 0
    (sample,) = open_series(tmp_path / "out")
    assert sample.image.shape == (2, 3, 512, 512)
    assert sample.valid[:300, :500].all()
    assert not sample.valid[300:].any()
    assert not sample.image[:, :, 300:].any()
    assert not sample.mask[:, 300:].any()
    assert not sample.mask[:, :, 500:].any()


def test_edges_and_overlap(generate, scene, tmp_path):
    generate("-i", scene, "-o", tmp_path / "pad", "--edges", "pad", "--min-valid", 0, "--overlap", 28)
    generate("-i", scene, "-o", tmp_path / "shift", "--overlap", 28)
    pad, shift = open_series(tmp_path / "pad"), open_series(tmp_path / "shift")
    assert all(sample.valid.all() for sample in shift)
    assert not all(sample.valid.all() for sample in pad)
    columns = {sample.id.rpartition("_c")[2] for sample in pad}
    assert {"000000", "000100", "000200"} <= columns


def test_a_scene_of_one_tile(generate, town, tmp_path):
    source = town(tmp_path / "in", size=(128, 128))
    assert generate("-i", source, "-o", tmp_path / "out").code == 0
    assert len(open_series(tmp_path / "out")) == 1


def test_a_tile_without_footprints(generate, scene, tmp_path):
    done = generate("-i", scene, "-o", tmp_path / "out", "--events", "remove", "--tile-size", 64, "--json")
    assert done.code == 0
    summary = json.loads(done.out)
    assert summary["statuses"]["skipped"] > 0
    assert "nothing could change: remove:" in summary["problems"][0]["reason"]
    built = generate("-i", scene, "-o", tmp_path / "built", "--events", "create", "--tile-size", 64)
    assert built.code == 0
    empty = [sample for sample in open_series(tmp_path / "built") if not sample.mask[0].any()]
    assert empty
    assert all(sample.mask[1].any() for sample in empty)


def test_steps_may_stay_without_a_change(generate, scene, tmp_path):
    assert generate("-i", scene, "-o", tmp_path / "out", "--changes-per-step", "0:1").code == 0
    changed = [bool(sample.change.any()) for sample in open_series(tmp_path / "out")]
    assert len(changed) == TILES
    assert 0 < sum(changed) < TILES


def test_lists_and_standard_input(generate, town, tmp_path, monkeypatch):
    names = [town(tmp_path / "in", name, size=(128, 128)) for name in ("b", "a")]
    (tmp_path / "in" / "list.txt").write_text("# scenes\nb.tif\n\na.tif\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{name}\n" for name in names)))
    generate("-i", tmp_path / "in" / "list.txt", "-o", tmp_path / "listed")
    generate("-i", "-", "-o", tmp_path / "piped")
    for out in ("listed", "piped"):
        assert [sample.scene for sample in open_series(tmp_path / out)] == ["a", "b"]


def test_dry_run_writes_nothing(generate, scene, tmp_path, untrained_weights, tree, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = tree(tmp_path)
    words = ["-i", scene, "--steps", 3, "--variants", 2, "--synthesizer", "changen", "--weights", untrained_weights]
    shown = generate(*words, "--dry-run")
    told = generate(*words, "--dry-run", "--json")
    assert (shown.code, told.code) == (0, 0)
    assert "24 of 3 steps" in " ".join(shown.out.split())
    assert told.err == ""
    figures = json.loads(told.out)
    assert (figures["tiles"], figures["samples"], figures["shards"]) == (TILES, 2 * TILES, 1)
    assert figures["bytes"] == 2 * TILES * 128 * 128 * (8 * 4 + 3 + 1)
    assert figures["seconds"] == pytest.approx(figures["seconds_per_step"] * 2 * TILES * 3)
    assert tree(tmp_path) == before


def test_json_is_all_there_is_on_standard_output(generate, scene, tmp_path):
    first = generate("-i", scene, "-o", tmp_path / "out", "--json")
    summary = json.loads(first.out)
    assert summary["exit_code"] == first.code == 0
    assert summary["resumed"] == 0
    assert summary["under_way"] == 0
    assert summary["seconds"] > 0
    assert "12/12 series" in first.err
    again = json.loads(generate("-i", scene, "-o", tmp_path / "out", "--json").out)
    assert again["resumed"] == TILES
    assert again["statuses"] == summary["statuses"]
    assert again["changes"] == summary["changes"]


def test_quiet_says_nothing(generate, scene, tmp_path):
    done = generate("-i", scene, "-o", tmp_path / "out", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_plain_lines_in_a_pipe(generate, scene, tmp_path):
    done = generate("-i", scene, "-o", tmp_path / "out")
    lines = done.err.splitlines()
    assert lines[0].startswith("generate: 0/12 series")
    assert lines[1].startswith("generate: 12/12 series")
    assert lines[2].startswith(f"{tmp_path / 'out'}: 12 done of 12 series; changes: ")
    assert len(lines) == 3
    assert done.out == ""


def test_overwrite_starts_again_and_other_arguments_are_refused(generate, scene, tmp_path, tree):
    out = tmp_path / "out"
    generate("-i", scene, "-o", out)
    whole = tree(out)
    refused = generate("-i", scene, "-o", out, "--seed", 1)
    assert refused.code == 2
    assert "arguments: seed was 0, is now 1" in refused.error
    assert tree(out) == whole
    assert generate("-i", scene, "-o", out, "--seed", 1, "--overwrite").code == 0
    assert tree(out) != whole
    assert generate("-i", scene, "-o", out, "--overwrite").code == 0
    assert tree(out) == whole


def test_overwrite_deletes_nothing_for_a_run_that_cannot_start(generate, scene, tmp_path, tree):
    out = tmp_path / "out"
    generate("-i", scene, "-o", out)
    whole = tree(out)
    for words in (["--library", tmp_path / "no.gpkg"], ["--exclude", tmp_path / "no.gpkg"], ["--events", "flood"]):
        assert generate("-i", scene, "-o", out, "--seed", 1, "--overwrite", *words).code == 2
        assert tree(out) == whole


def test_changed_input_is_not_resumed(generate, scene, tmp_path, town):
    out = tmp_path / "out"
    generate("-i", scene, "-o", out)
    town(tmp_path / "in", pixels=np.full((3, 300, 500), 90, np.uint8))
    refused = generate("-i", scene, "-o", out)
    assert refused.code == 2
    assert "input_files was" in refused.error
    assert "2 files" in refused.error


def test_geotiff_options(generate, scene, tmp_path):
    done = generate("-i", scene, "-o", tmp_path / "out", "-f", "geotiff", "--co", "compress=deflate", "--cog")
    assert done.code == 0, done.err
    path = next((tmp_path / "out").glob("town__*/t1.tif"))
    with rasterio.open(path) as file:
        assert file.compression.name == "deflate"
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_split_goes_by_scene(generate, town, tmp_path):
    for n in range(4):
        town(tmp_path / "in", f"s{n}", size=(128, 256))
    assert generate("-i", tmp_path / "in", "-o", tmp_path / "out", "--split", "2,1,1").code == 0
    splits = {sample.scene: sample.split for sample in open_series(tmp_path / "out")}
    assert sorted(splits.values()) == ["test", "train", "train", "val"]


@pytest.mark.real
@pytest.mark.slow
def test_kampala_in_all_formats(generate, shared_data, tmp_path):
    """What issue 2 calls done, without a generator."""
    source = shared_data / "oam" / "kampala_00.tif"
    labels = shared_data / "oam" / "kampala_00_buildings.geojson"
    with rasterio.open(source) as file:
        crs, transform, bounds = file.crs, file.transform, file.bounds
    for format in ("zarr", "geotiff", "levir"):
        done = generate(
            "-i", source, "--footprints", labels, "-o", tmp_path / format, "-f", format, "--steps", 3,
            "--tile-size", 256, "--events", "create,remove", "--resolution", 0.5, "--json",
        )  # fmt: skip
        assert done.code == 0, done.err
        data = open_series(tmp_path / format)
        assert len(data) > 0
        for sample in (data[0], data[len(data) - 1]):
            assert rasterio.crs.CRS.from_wkt(sample.crs) == crs
            first, last = sample.times[0], sample.times[-1]
            if sample.mask is not None:
                np.testing.assert_array_equal(sample.change, sample.mask[1:] != sample.mask[:-1])
            assert (first, last) == ((0, 3) if format != "levir" else sample.times)
            west, north = sample.transform.c, sample.transform.f
            assert bounds.left <= west <= bounds.right
            assert bounds.bottom <= north <= bounds.top
            ratio = sample.transform.a / transform.a  # Web Mercator pixels are longer than the ground they show
            assert ratio == pytest.approx(0.5 / (transform.a * np.cos(np.radians(0.3))), rel=0.01)
    with rasterio.open(next((tmp_path / "geotiff").glob("kampala_00__*/t3.tif"))) as file:
        assert file.crs == crs


@pytest.mark.real
def test_torchgeo_reads_the_levir_layout(generate, shared_data, tmp_path):
    datasets = pytest.importorskip("torchgeo.datasets")
    for name in ("kampala_00", "zanzibar_01"):
        (tmp_path / "in").mkdir(exist_ok=True)
        for path in (shared_data / "oam").glob(f"{name}*"):
            (tmp_path / "in" / path.name).symlink_to(path)
    done = generate(
        "-i", tmp_path / "in", "-o", tmp_path / "out", "-f", "levir", "--resolution", 0.8, "--split", "1,0,1"
    )
    assert done.code == 0, done.err
    data = open_series(tmp_path / "out")
    count = 0
    for split in ("train", "test"):
        read = datasets.LEVIRCDPlus(root=tmp_path / "out", split=split)
        count += len(read)
        item = read[0]
        assert set(np.unique(item["mask"])) <= {0, 1}
    assert count == len(data)


def test_paths_are_taken_from_where_one_stands(generate, scene, monkeypatch):
    monkeypatch.chdir(scene.parent)
    assert generate("-i", ".").code == 0
    assert (Path("changen-out") / "manifest.json").is_file()
