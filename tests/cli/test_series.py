"""What whole runs make: series that agree with their input, with their labels, and between formats."""

from __future__ import annotations

import json
from collections.abc import Callable
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
from changen_cli.types import BoolArray
from tests.commands import Changen
from tests.outputs import read_whole

UTM = rasterio.crs.CRS.from_epsg(32636)
TILES = 12  # of 128 pixels in 300 x 500


@pytest.mark.parametrize("labels", [".gpkg", ".geojson", "mask", "instances"])
def test_a_series_is_consistent(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, untrained_weights: Path, labels: str
) -> None:
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
    for sample in read_whole(out):
        column, row = (round(v) for v in ~transform @ (sample.to_crs.c, sample.to_crs.f))
        assert sample.transform == transform @ Affine.translation(column, row)
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
    assert zarr.open_array(out, path="image", mode="r").shape == (TILES, 4, 3, 128, 128)


def draw(footprint: Footprint) -> BoolArray:
    return np.not_equal(Layout(128, 128, (footprint,)).rasterize()[1], 0)


def test_the_formats_hold_the_same(generate: Changen, scene: Path, tmp_path: Path) -> None:
    for format in ("zarr", "geotiff", "levir"):
        assert generate("-i", scene, "-o", tmp_path / format, "-f", format, "--steps", 3).code == 0
    series, folders = (read_whole(tmp_path / format) for format in ("zarr", "geotiff"))
    pairs = open_series(tmp_path / "levir")
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


def test_keep_leaves_far_pixels_untouched(
    generate: Changen, scene: Path, tmp_path: Path, untrained_weights: Path
) -> None:
    done = generate(
        "-i", scene, "-o", tmp_path / "out", "--steps", 2, "--synthesizer", "changen", "--weights", untrained_weights,
        "--background", "keep", "--changes-per-step", "1:1",
    )  # fmt: skip
    assert done.code == 0, done.err
    for sample in read_whole(tmp_path / "out"):
        for step in (1, 2):
            changed = sample.change[step - 1] != 0
            near = binary_dilation(changed, np.ones((3, 3)), iterations=REACH + FEATHER)
            before, after = sample.image[step - 1], sample.image[step]
            np.testing.assert_array_equal(before[:, ~near], after[:, ~near])
            # untrained weights saturate, so some pixels are black or white both times
            assert (before[:, changed] != after[:, changed]).mean() > 0.7


def test_copy_keeps_the_image(generate: Changen, scene: Path, tmp_path: Path) -> None:
    assert generate("-i", scene, "-o", tmp_path / "out", "--steps", 2).code == 0
    for sample in read_whole(tmp_path / "out"):
        assert (sample.image == sample.image[0]).all()
        assert sample.change.any()


def test_variants_are_other_futures_of_one_tile(generate: Changen, scene: Path, tmp_path: Path) -> None:
    assert generate("-i", scene, "-o", tmp_path / "one").code == 0
    assert generate("-i", scene, "-o", tmp_path / "three", "--variants", 3).code == 0
    one, three = read_whole(tmp_path / "one"), read_whole(tmp_path / "three")
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


def test_resolution(generate: Changen, scene: Path, tmp_path: Path) -> None:
    assert generate("-i", scene, "-o", tmp_path / "out", "--resolution", 1.0, "--tile-size", 64).code == 0
    data = read_whole(tmp_path / "out")
    assert len(data) == 3 * 4
    for sample in data:
        assert sample.to_crs.a == pytest.approx(1.0, rel=2e-3)
        assert sample.to_crs.e == pytest.approx(-1.0, rel=2e-3)
    assert open_series(tmp_path / "out").manifest["scenes"][0]["resampled"] is True


def test_exclude_and_library(generate: Changen, scene: Path, tmp_path: Path, outlines: Callable[..., Path]) -> None:
    water = outlines(tmp_path / "water.gpkg", [shapely.box(0, 0, 250, 300)])
    crosses = outlines(
        tmp_path / "crosses.gpkg", [shapely.union(shapely.box(-3, -12, 3, 12), shapely.box(-12, -3, 12, 3))]
    )
    done = generate(
        "-i", scene, "-o", tmp_path / "out", "--events", "create", "--exclude", water, "--library", crosses,
        "--event-option", "create.scale=1:1", "--changes-per-step", "2:4", "--steps", 2, "--unchanged", "skip",
        "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    for sample in read_whole(tmp_path / "out"):
        west = round((sample.to_crs.c - 500_000) / 0.5)
        for change in sample.changes:
            assert change.after is not None
            outline = change.after.polygon
            assert outline.bounds[0] + west >= 250 - 1e-6
            assert outline.area == pytest.approx(24 * 6 * 2 - 36, rel=0.01)
            assert outline.area / outline.convex_hull.area < 0.7
    summary = json.loads(done.out)
    assert summary["statuses"]["skipped"] >= 3  # tiles that lie in the water
    assert "nothing could change: create: " in summary["problems"][0]["reason"]


def test_huge_tiles_are_padded(generate: Changen, scene: Path, tmp_path: Path) -> None:
    assert generate("-i", scene, "-o", tmp_path / "out", "--tile-size", 512, "--min-valid", 0.3).code == 0
    (sample,) = read_whole(tmp_path / "out")
    assert sample.image.shape == (2, 3, 512, 512)
    assert sample.valid[:300, :500].all()
    assert not sample.valid[300:].any()
    assert not sample.image[:, :, 300:].any()
    assert not sample.mask[:, 300:].any()
    assert not sample.mask[:, :, 500:].any()


def test_edges_and_overlap(generate: Changen, scene: Path, tmp_path: Path) -> None:
    generate("-i", scene, "-o", tmp_path / "pad", "--edges", "pad", "--min-valid", 0, "--overlap", 28)
    generate("-i", scene, "-o", tmp_path / "shift", "--overlap", 28)
    pad, shift = read_whole(tmp_path / "pad"), read_whole(tmp_path / "shift")
    assert all(sample.valid.all() for sample in shift)
    assert not all(sample.valid.all() for sample in pad)
    columns = {sample.id.rpartition("_c")[2] for sample in pad}
    assert {"000000", "000100", "000200"} <= columns


def test_a_tile_without_footprints(generate: Changen, scene: Path, tmp_path: Path) -> None:
    words = ["-i", scene, "--events", "remove", "--tile-size", 64, "--json"]
    done = generate(*words, "--unchanged", "skip", "-o", tmp_path / "out")
    assert done.code == 0
    summary = json.loads(done.out)
    assert summary["statuses"]["skipped"] > 0
    assert "nothing could change: remove:" in summary["problems"][0]["reason"]
    kept = generate(*words, "-o", tmp_path / "kept")
    assert kept.code == 0
    assert json.loads(kept.out)["statuses"] == {"done": summary["samples"]}
    unchanged = [sample for sample in read_whole(tmp_path / "kept") if not sample.changes]
    assert len(unchanged) == summary["statuses"]["skipped"]
    assert not any(sample.change.any() for sample in unchanged)
    built = generate("-i", scene, "-o", tmp_path / "built", "--events", "create", "--tile-size", 64)
    assert built.code == 0
    empty = [sample for sample in read_whole(tmp_path / "built") if not sample.mask[0].any()]
    assert empty
    assert all(sample.mask[1].any() for sample in empty)


def test_steps_may_stay_without_a_change(generate: Changen, scene: Path, tmp_path: Path) -> None:
    assert generate("-i", scene, "-o", tmp_path / "out", "--changes-per-step", "0:1").code == 0
    changed = [bool(sample.change.any()) for sample in read_whole(tmp_path / "out")]
    assert len(changed) == TILES
    assert 0 < sum(changed) < TILES


def test_split_goes_by_scene(generate: Changen, town: Callable[..., Path], tmp_path: Path) -> None:
    for n in range(4):
        town(tmp_path / "in", f"s{n}", size=(128, 256))
    assert generate("-i", tmp_path / "in", "-o", tmp_path / "out", "--split", "2,1,1").code == 0
    splits = {sample.scene: sample.split for sample in read_whole(tmp_path / "out")}
    assert sorted(splits.values()) == ["test", "train", "train", "val"]


@pytest.mark.real
@pytest.mark.slow
def test_kampala_in_all_formats(generate: Changen, shared_data: Path, tmp_path: Path) -> None:
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
            assert sample.transform is not None
            west, north = sample.transform.c, sample.transform.f
            assert bounds.left <= west <= bounds.right
            assert bounds.bottom <= north <= bounds.top
            ratio = sample.transform.a / transform.a  # Web Mercator pixels are longer than the ground they show
            assert ratio == pytest.approx(0.5 / (transform.a * np.cos(np.radians(0.3))), rel=0.01)
    with rasterio.open(next((tmp_path / "geotiff").glob("kampala_00__*/t3.tif"))) as file:
        assert file.crs == crs


@pytest.mark.real
def test_torchgeo_reads_the_levir_layout(generate: Changen, shared_data: Path, tmp_path: Path) -> None:
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
