from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rasterio.crs import CRS

from changen_cli.errors import StoreError
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.formats.levir import pairs
from changen_cli.store.formats.registry import find_formats, get_format
from changen_cli.store.records import events_path
from changen_cli.store.series import open_series
from changen_cli.store.tables.events import write_events

Run = Callable[..., None]


@pytest.fixture(scope="module", params=find_formats())
def root(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    run_store: Run,
    spec: StoreSpec,
    outcomes: list[Outcome],
) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    run_store(request.param, folder, spec, outcomes)
    return folder


def test_series_come_back(root: Path, outcomes: list[Outcome]) -> None:
    data = open_series(root)
    done = [outcome.series for outcome in outcomes if outcome.series is not None]
    each = 3 if data.items == "pairs" else 1
    assert len(data) == 3 * each
    for item, sample in enumerate(data):
        series = done[item // each]
        assert (sample.scene, sample.split) == (series.scene, series.split)
        assert sample.transform == series.transform
        assert sample.crs is not None
        assert CRS.from_wkt(sample.crs) == CRS.from_epsg(32736)
        every = [change for step in series.history.changes for change in step]
        if data.items == "pairs":
            before, after = pairs(2)[item % 3]
            assert sample.id == f"{series.id}__t{before}_t{after}"
            assert sample.times == (before, after)
            np.testing.assert_array_equal(sample.image, series.images[[before, after]])
            np.testing.assert_array_equal(sample.change[0], series.masks[before] != series.masks[after])
            assert sample.mask is None
            assert list(sample.changes) == [change for change in every if before < change.step <= after]
        else:
            assert sample.id == series.id
            assert sample.times == (0, 1, 2)
            np.testing.assert_array_equal(sample.image, series.images)
            np.testing.assert_array_equal(sample.mask, series.masks)
            np.testing.assert_array_equal(sample.instance, series.instances)
            np.testing.assert_array_equal(sample.change, series.changes)
            np.testing.assert_array_equal(sample.valid, series.valid)
            assert list(sample.changes) == every
        assert sample.change.dtype == np.uint8
        assert sample.change.max() <= 1


def test_it_behaves_like_a_list(root: Path) -> None:
    data = open_series(str(root))
    assert data[-1].id == data[len(data) - 1].id
    with pytest.raises(IndexError):
        data[len(data)]
    with pytest.raises(IndexError):
        data[-len(data) - 1]
    assert data.table.num_rows == 5, "failed and skipped samples are still to be seen"


def test_one_split(root: Path) -> None:
    data = open_series(root, split="test")
    assert {sample.scene for sample in data} == {"jinja"}
    assert [len(sample.changes) > 0 for sample in data] == [True] * len(data)
    with pytest.raises(StoreError, match="has no split 'val'; it has test, train"):
        open_series(root, split="val")


def test_pickled_after_use(root: Path) -> None:
    data = open_series(root)
    first = data[0]
    again = pickle.loads(pickle.dumps(data))[0]
    np.testing.assert_array_equal(first.image, again.image)
    assert first.changes == again.changes


def test_torch_pairs_in_worker_processes(root: Path, outcomes: list[Outcome]) -> None:
    """Forked, as Linux does it; those of a library that does not survive that are refused, and spawned."""
    torch = pytest.importorskip("torch")
    data = open_series(root)
    data[0]  # opened before the workers start
    view = data.torch()
    assert isinstance(view, torch.utils.data.Dataset)
    start = "fork"
    if get_format(data.format).foreign_folders:
        forked = torch.utils.data.DataLoader(view, num_workers=1, multiprocessing_context="fork")
        with pytest.raises(StoreError, match="multiprocessing_context='spawn'"):
            next(iter(forked))
        start = "spawn"
    loader = torch.utils.data.DataLoader(view, batch_size=1, num_workers=2, multiprocessing_context=start)
    items = list(loader)
    assert len(items) == len(view) == 3 * (3 if data.items == "pairs" else 2)
    series = outcomes[0].series
    assert series is not None
    before, after, label = (tensor[0].numpy() for tensor in items[1])
    np.testing.assert_array_equal(before, series.images[1])
    np.testing.assert_array_equal(after, series.images[2])
    np.testing.assert_array_equal(label, series.changes[1])


def test_torch_series_and_transform(root: Path) -> None:
    pytest.importorskip("torch")
    data = open_series(root)
    view = data.torch(pairs=False)
    assert len(view) == len(data)
    keys = {"image", "change"} if data.items == "pairs" else {"image", "change", "mask", "instance", "valid"}
    assert set(view[0]) == keys
    assert data.torch(transform=lambda item: item[0].shape)[0] == (3, 24, 40)


def test_changes_across_row_groups(tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    run_store("geotiff", tmp_path, spec, outcomes)
    shards = [events_path(tmp_path, index) for index in range(spec.shards)]
    write_events(tmp_path, shards, georeferenced=True, rows_per_group=2)
    first, second, third = open_series(tmp_path)
    assert [change.event for change in first.changes] == ["relocate", "create", "remove"]
    assert [change.event for change in second.changes] == ["relocate", "create", "remove"]
    assert third.changes == ()


def test_a_damaged_output_is_named(tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]) -> None:
    for format, name in (("zarr", "image/c.0.0.0.0.0"), ("geotiff", "kampala__r0_c0/t0.tif")):
        root = tmp_path / format
        run_store(format, root, spec, outcomes)
        path = root / name
        path.write_bytes(path.read_bytes()[:100])
        data = open_series(root)
        with pytest.raises(StoreError, match=r"cannot read .*--overwrite"):
            data[0]
        assert data[2].id == "kampala__r4_c0"
        (root / "samples.parquet").unlink()
        with pytest.raises(StoreError, match=r"samples\.parquet"):
            open_series(root)


def test_a_step_is_two_dates_of_the_whole(root: Path) -> None:
    data = open_series(root)
    assert data.consecutive == ((0, 1), (1, 2))
    assert data.event_names == ["create", "relocate", "remove"]
    whole = [sample for sample in data if sample.times != (0, 2)]
    for item in range(6):
        step = data.read_step(item)
        parent = whole[item] if data.items == "pairs" else whole[item // 2]
        dates = slice(None) if data.items == "pairs" else slice(item % 2, item % 2 + 2)
        assert step.id.endswith(f"__t{item % 2}_t{item % 2 + 1}")
        assert step.times == (item % 2, item % 2 + 1)
        np.testing.assert_array_equal(step.image, parent.image[dates])
        np.testing.assert_array_equal(step.change[0], parent.change[dates][0])
        assert (step.mask is None) == (parent.mask is None)
        if step.mask is not None and parent.mask is not None:
            np.testing.assert_array_equal(step.mask, parent.mask[dates])
        assert list(step.changes) == [change for change in parent.changes if change.step == step.times[1]]
        assert data.read_step(item, changes=False).changes == ()
    with pytest.raises(IndexError):
        data.read_step(6)


def test_what_is_no_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="was not written by changen"):
        open_series(tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(StoreError, match="does not say what the store is"):
        open_series(tmp_path)
    (tmp_path / "manifest.json").write_text('{"store": {"format": "netcdf", "steps": 2}}')
    with pytest.raises(StoreError, match="unknown format 'netcdf'"):
        open_series(tmp_path)
    (tmp_path / "manifest.json").write_text('{"store": {"format": "zarr", "steps": 2}}')
    with pytest.raises(StoreError, match="does not say what the store is: no 'samples'"):
        open_series(tmp_path)


def test_workers_do_not_load_torch() -> None:
    code = "import sys, changen_cli.store.journal, changen_cli.store.series; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_slice_is_a_data_set(root: Path) -> None:
    data = open_series(root)
    part = data[1:]
    assert len(part) == len(data) - 1
    assert [sample.id for sample in part] == [sample.id for sample in list(data)[1:]]
    assert part[-1].id == data[-1].id
    assert [sample.id for sample in part[::-1][:2]] == [data[-1].id, data[-2].id]
    with pytest.raises(IndexError):
        part[len(part)]
    assert len(data[5:2]) == len(data[100:]) == 0
    assert len(data) == len(list(data)), "the whole is as it was"
    again = pickle.loads(pickle.dumps(part))
    assert again[0].id == part[0].id


def test_pairs_and_steps_of_a_slice_are_its_own(root: Path) -> None:
    data = open_series(root)
    part = data[1:3]
    wanted = [sample for sample in data if sample.id in {s.id for s in part}]
    if data.items == "pairs":
        assert part.pair_count() == 2
        np.testing.assert_array_equal(part.read_pair(1)[1], wanted[1].image[1])
        steps = [sample for sample in wanted if sample.times[1] - sample.times[0] == 1]
        for number, sample in enumerate(steps):
            assert part.read_step(number).id == sample.id
        with pytest.raises(IndexError):
            part.read_step(len(steps))
    else:
        assert part.pair_count() == 4
        np.testing.assert_array_equal(part.read_pair(3)[1], wanted[1].image[2])
        assert part.read_step(2).scene == wanted[1].scene
    assert len(part.torch()) == part.pair_count()


def test_it_says_what_it_is(root: Path) -> None:
    data = open_series(root)
    told = repr(data)
    assert str(root) in told
    assert f"{len(data)} {data.items}" in told
    assert "40 x 24 pixels" in told
    assert "samples: 2 train, 1 test>" in told
