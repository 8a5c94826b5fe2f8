from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio
from affine import Affine

from changen_cli import open_series
from changen_cli.errors import ExitCode, StoreError
from changen_cli.events.base import Change
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.repair import repair
from changen_cli.pipeline.summary import NothingMadeError
from changen_cli.reporter import Progress
from changen_cli.resources import example_files
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.store.damage import Problem
from changen_cli.store.labels import check_labels
from changen_cli.store.records import ShardRecord, encode_record, read_record, record_path
from changen_cli.store.sample import Sample
from changen_cli.store.verify import verify
from changen_cli.types import UInt8Array
from tests.outputs import Tree
from tests.reporting import Heard

Mosaic = Callable[..., GenerateOptions]

LOOKS = {"synthesizer": "changen", "steps": 1}


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None:
    pass


def only(path: Path) -> Sample:
    (sample,) = open_series(path)
    return sample


@pytest.mark.parametrize("labels", [".gpkg", "mask", "instances"])
def test_the_history_of_a_whole_raster(
    mosaic: Mosaic, town_houses: tuple[object, ...], tmp_path: Path, labels: str
) -> None:
    heard = Heard()
    options = mosaic(labels=labels)
    summary = generate(options, heard, report_every=0)
    assert summary.exit_code == ExitCode.DONE
    assert summary.statuses == {"done": 1}
    sample = only(tmp_path / "out")
    assert (sample.id, sample.image.shape) == ("town", (3, 3, 200, 300))
    with rasterio.open(options.inputs[0]) as source:
        assert sample.transform == source.transform
        pixels = source.read()
    for image in sample.image:
        np.testing.assert_array_equal(image, pixels)
    assert sample.mask is not None
    assert sample.instance is not None
    # the states follow from S_0 and the changes, drawn at once
    uids = set(np.unique(sample.instance[0]).tolist()) - {0}
    assert len(uids) > 20
    np.testing.assert_array_equal(sample.change, (sample.mask[1:] != sample.mask[:-1]).astype(np.uint8))
    for change in sample.changes:
        gone, made = (sample.instance[change.step - i] == uid_of(change) for i in (1, 0))
        assert bool(gone.any()) == (change.before is not None)
        assert bool(made.any()) == (change.after is not None)
        if change.after is not None:
            drawn = Layout(200, 300, (Footprint(1, change.after.polygon),)).rasterize()[1] > 0
            np.testing.assert_array_equal(made, drawn)
    assert {c.step for c in sample.changes} == {1, 2}
    assert len(sample.changes) == sum(summary.changes.values()) >= 8
    done = [progress.done for progress in heard.progresses[1:-1]]
    assert done == list(range(1, len(done) + 1))
    assert heard.progresses[-2].done == heard.progresses[-2].total


def uid_of(change: Change) -> int:
    footprint = change.after or change.before
    assert footprint is not None
    return footprint.uid


def test_the_rasters_are_cogs_in_their_place(mosaic: Mosaic, tmp_path: Path) -> None:
    generate(mosaic(steps=1, creation_options={"COMPRESS": "ZSTD"}))
    names = sorted(path.name for path in (tmp_path / "out" / "town").iterdir())
    assert names == sorted(
        ["change_t0_t1.tif", *(f"{kind}t{t}.tif" for kind in ("", "mask_", "instance_") for t in (0, 1))]
    )
    for name in names:
        with rasterio.open(tmp_path / "out" / "town" / name) as file:
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.shape == (200, 300)
            assert file.crs.to_epsg() == 32636
            assert file.transform == Affine(0.5, 0, 500_000, 0, -0.5, 20_000)
            assert file.profile["compress"] == ("zstd" if name.startswith("t") else "deflate")
    table = pq.read_table(tmp_path / "out" / "samples.parquet").to_pylist()[0]
    assert (table["height"], table["width"], table["tile"]) == (200, 300, "all")
    assert not (tmp_path / "out" / ".changen" / "half-done").exists()


def test_scenes_of_other_sizes_and_variants(mosaic: Mosaic, town: Callable[..., Path], tmp_path: Path) -> None:
    small = town(tmp_path / "small", name="village", size=(130, 110))
    generate(mosaic(inputs=(str(small), *mosaic().inputs), steps=1, variants=2))
    sizes = {sample.id: sample.image.shape[2:] for sample in open_series(tmp_path / "out")}
    assert sizes == {f"{n}__v{v}": s for n, s in (("town", (200, 300)), ("village", (130, 110))) for v in (0, 1)}
    rows = pq.read_table(tmp_path / "out" / "samples.parquet").to_pylist()
    assert {row["sample"]: (row["height"], row["width"]) for row in rows} == sizes
    changes = {sample.id: sample.change for sample in open_series(tmp_path / "out")}
    assert not np.array_equal(changes["town__v0"], changes["town__v1"])


def test_pixels_without_data_stay_so(
    mosaic: Mosaic, looks_weights: Path, town_image: UInt8Array, tmp_path: Path
) -> None:
    options = mosaic(weights=str(looks_weights), **LOOKS)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(options.inputs[0], "r+") as file:
        valid = np.ones((200, 300), bool)
        valid[:, 180:] = False
        valid[:70, 90:] = False
        file.write_mask(valid)
    generate(options)
    sample = only(tmp_path / "out")
    assert sample.mask is not None
    np.testing.assert_array_equal(sample.valid, valid)
    assert not sample.image[:, :, ~valid].any()
    assert not sample.mask[:, ~valid].any()
    assert (sample.image[1][:, valid] > 0).mean() > 0.9
    assert sample.looks is not None
    assert set(np.unique(sample.mask[0])) == {0, 1}


class KilledError(BaseException):
    """What a signal does, as far as the run can tell."""


def kill_at(count: int) -> Callable[[Progress], None]:
    """Ends a run at one of its reports."""
    seen = iter(range(10_000))

    def act(progress: Progress) -> None:
        if next(seen) == count:
            raise KilledError

    return act


@pytest.mark.parametrize("synthesizer", ["changen", "inpainting"])
def test_a_killed_run_goes_on_to_the_same_bytes(
    mosaic: Mosaic, looks_weights: Path, tree: Tree, tmp_path: Path, synthesizer: str
) -> None:
    changes = {"events": "remove", "synthesizer": synthesizer}
    changes |= {"weights": str(looks_weights)} if synthesizer == "changen" else {}
    heard = Heard()
    generate(mosaic(output=str(tmp_path / "whole"), batch_size=3, **changes), heard, report_every=0)
    whole = tree(tmp_path / "whole")
    reports = len(heard.progresses)
    assert reports > 40
    for first in (1, 2, reports // 3, reports // 2, reports - 12, reports - 4):
        output = tmp_path / f"killed{first}"
        for count in (first, 3):  # twice
            with pytest.raises(KilledError):
                generate(mosaic(output=str(output), **changes), Heard(kill_at(count)), report_every=0)
        again = Heard()
        generate(mosaic(output=str(output), **changes), again, report_every=0)
        assert tree(output) == whole, f"killed at {first}"
        if first > reports // 3:  # what was there was not made again
            assert again.progresses[1].done > reports // 6


def test_what_is_lost_is_noticed_and_made_anew(mosaic: Mosaic, tree: Tree, tmp_path: Path) -> None:
    output = tmp_path / "out"
    generate(mosaic(steps=1))
    whole = tree(output)
    found = verify(output)
    assert found.whole
    assert found.labels == 1
    (output / "town" / "t1.tif").unlink()
    heard = Heard()
    assert generate(mosaic(steps=1), heard).remade == 1
    assert "town/t1.tif" in heard.warned[0]
    assert tree(output) == whole
    path = output / "town" / "mask_t0.tif"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert [problem.path for problem in verify(output).problems] == ["town/mask_t0.tif"]
    assert repair(output).whole
    assert tree(output) == whole


def test_a_scene_that_changed_while_it_was_half_done_is_begun_anew(mosaic: Mosaic, tree: Tree, tmp_path: Path) -> None:
    options = mosaic(output=str(tmp_path / "killed"), events="remove", synthesizer="inpainting")
    with pytest.raises(KilledError):
        generate(options, Heard(kill_at(20)), report_every=0)
    assert any((tmp_path / "killed" / ".changen" / "half-done" / "town").iterdir())
    digest = b"of other pixels"
    (tmp_path / "killed" / ".changen" / "half-done" / "town" / "input").write_bytes(digest)
    (tmp_path / "killed" / ".changen" / "half-done" / "town" / "t1" / "000000").write_bytes(b"made of them")
    generate(options)
    generate(mosaic(output=str(tmp_path / "whole"), events="remove", synthesizer="inpainting"))
    assert tree(tmp_path / "killed") == tree(tmp_path / "whole")


def test_a_finished_scene_whose_input_changed_is_refused(
    mosaic: Mosaic, town: Callable[..., Path], tmp_path: Path
) -> None:
    second = town(tmp_path / "second", name="village", size=(130, 110))
    options = mosaic(inputs=(*mosaic().inputs, str(second)), steps=1)
    heard = Heard(lambda progress: _raise_killed() if progress.note.startswith("village") else None)
    with pytest.raises(KilledError):
        generate(options, heard, report_every=0)
    os.utime(options.inputs[0])  # another date alone is no change
    with pytest.raises(KilledError):
        generate(options, heard, report_every=0)
    record = next((tmp_path / "out" / ".changen" / "shards").glob("*0.json"))
    (sample,) = read_record(record).samples
    assert len(sample.read) == 32
    changed = encode_record(ShardRecord(0, (replace(sample, read="0" * 32),), read_record(record).files))
    record.write_bytes(changed)
    os.utime(options.inputs[0], (1, 1))
    with pytest.raises(StoreError, match=r"town\.tif has changed since .* was begun: town would be another now"):
        generate(options)


def _raise_killed() -> None:
    raise KilledError


def test_failures_are_recorded(mosaic: Mosaic, tmp_path: Path) -> None:
    options = mosaic(synthesizer="copy-paste", events="create", event_options=("create.category=3",))
    with pytest.raises(NothingMadeError, match="no object of class 3 on this tile"):
        generate(options)
    (row,) = pq.read_table(tmp_path / "out" / "samples.parquet").to_pylist()
    assert row["status"] == "failed"


@pytest.mark.parametrize("synthesizer", ["copy-paste", "inpainting"])
def test_local_synthesizers_touch_changes_alone(mosaic: Mosaic, tmp_path: Path, synthesizer: str) -> None:
    event = {"copy-paste": "create", "inpainting": "remove"}[synthesizer]
    generate(mosaic(synthesizer=synthesizer, events=event, steps=1))
    sample = only(tmp_path / "out")
    differs = (sample.image[0] != sample.image[1]).any(axis=0)
    changed = sample.change[0] > 0
    assert differs[changed].mean() > 0.95
    near = np.zeros_like(changed)
    for row, column in np.argwhere(changed):
        near[max(0, row - 8) : row + 9, max(0, column - 8) : column + 9] = True
    assert not differs[~near].any()


def test_batches_do_not_matter(mosaic: Mosaic, looks_weights: Path, tree: Tree, tmp_path: Path) -> None:
    for batch_size in (1, 5):
        generate(
            mosaic(output=str(tmp_path / f"o{batch_size}"), weights=str(looks_weights), batch_size=batch_size, **LOOKS)
        )
    assert tree(tmp_path / "o1") == tree(tmp_path / "o5")


def seam(image: UInt8Array, rows: list[int], columns: list[int]) -> float:
    """Mean gradient across lines between windows, over that across all other lines."""
    ratios = []
    for axis, edges in ((1, rows), (2, columns)):
        steps = np.abs(np.diff(image.astype(float), axis=axis)).mean(axis=(0, 3 - axis))
        at = np.isin(np.arange(len(steps)), [edge - 1 for edge in edges])
        ratios.append(steps[at].mean() / steps[~at].mean())
    return float(np.mean(ratios))


def test_there_is_no_seam(mosaic: Mosaic, tmp_path: Path) -> None:
    """With the generator that ships; the same windows without an overlap show that the measure sees seams."""
    (scene,) = (str(path) for path in example_files() if path.suffix == ".tif")
    given = {"inputs": (scene,), "steps": 1, "synthesizer": "changen"}
    generate(mosaic(tile_size=128, overlap=32, **given))
    whole = only(tmp_path / "out").image[1]
    starts = [[e for k in range(1, 9) for e in (96 * k, 96 * k + 32) if e < size - 8] for size in whole.shape[1:]]
    assert seam(whole, *starts) == pytest.approx(1, abs=0.06)
    tiles = {"mosaic": False, "format": "geotiff", "tile_size": 96, "overlap": 0, "output": str(tmp_path / "tiles")}
    generate(mosaic(**given | tiles))
    side_by_side = np.zeros_like(whole)
    for sample in open_series(tmp_path / "tiles"):
        row, column = (int(part[1:]) for part in sample.id.split("__")[1].split("_"))
        side_by_side[:, row : row + 96, column : column + 96] = sample.image[1]
    edges = [[96 * k for k in range(1, 9) if 96 * k < size - 96] for size in whole.shape[1:]]
    assert seam(side_by_side, *edges) > 1.5


def test_verifying_reads_windows_not_rasters(
    mosaic: Mosaic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tree: Tree
) -> None:
    """Sixteen times the pixels, and no more memory; what is wrong in a window far from the first is found."""
    monkeypatch.setattr("changen_cli.store.series.PART", 256)
    peaks = []
    for factor in (1, 4):
        out, inputs = tmp_path / f"out{factor}", tmp_path / f"in{factor}"
        source = Path(mosaic().inputs[0])
        inputs.mkdir()
        with rasterio.open(source) as file:
            profile = file.profile | {"width": 600 * factor, "height": 600 * factor, "sparse_ok": True}
            pixels = file.read()
        with rasterio.open(inputs / "town.tif", "w", **profile) as file:
            file.write(pixels, window=rasterio.windows.Window(0, 0, 300, 200))
        for beside in source.parent.glob("town_buildings*"):
            (inputs / beside.name).write_bytes(beside.read_bytes())
        options = replace(mosaic(tile_size=512, overlap=128, steps=1), inputs=(str(inputs),), output=str(out))
        generate(options)
        tracemalloc.start()
        assert verify(out).whole
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
    assert peaks[1] < 600 * 600 * 4 * 3  # less than the pixels of even the small scene: images, masks, instances
    with rasterio.open(out / "town" / "mask_t1.tif", "r+", IGNORE_COG_LAYOUT_BREAK="YES") as file:
        file.write(np.ones((1, 3, 3), np.uint8), window=rasterio.windows.Window(2300, 2200, 3, 3))
    (problem,) = check(out)
    assert problem.reason == "its change masks are not where its class masks differ"


def check(out: Path) -> list[Problem]:
    """What the labels say, whatever the checksums do."""
    data = open_series(out)
    found = list(check_labels(data, read_record(record_path(out, 0))))
    return [problem for problem in found if "differ" in problem.reason]
