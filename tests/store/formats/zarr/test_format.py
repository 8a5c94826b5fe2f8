from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from affine import Affine
from rasterio.crs import CRS

from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.formats.zarr.conventions import PROJ, SPATIAL
from changen_cli.store.formats.zarr.format import ZarrFormat
from changen_cli.types import AnyArray

Run = Callable[..., None]


def array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    found = group[name]
    assert isinstance(found, zarr.Array)
    return found


def values(group: zarr.Group, name: str) -> AnyArray:
    return np.asarray(array(group, name)[...])


@pytest.fixture
def store(tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]) -> Path:
    run_store("zarr", tmp_path / "out", spec, outcomes)
    return tmp_path / "out"


def test_plain_zarr_reads_every_array(store: Path, outcomes: list[Outcome]) -> None:
    group = zarr.open_group(store, mode="r")
    for place, outcome in enumerate(outcomes):
        series = outcome.series
        if series is None:
            assert not values(group, "image")[place].any()
            assert not values(group, "valid")[place].any()
            continue
        np.testing.assert_array_equal(values(group, "image")[place], series.images)
        np.testing.assert_array_equal(values(group, "mask")[place], series.masks)
        np.testing.assert_array_equal(values(group, "instance")[place], series.instances)
        np.testing.assert_array_equal(values(group, "valid")[place], series.valid)
        np.testing.assert_array_equal(values(group, "change")[place], series.masks[1:] != series.masks[:-1])
    assert array(group, "valid").dtype == bool
    assert array(group, "instance").dtype == np.int32


def test_samples_are_described(store: Path, outcomes: list[Outcome]) -> None:
    group = zarr.open_group(store, mode="r")
    assert values(group, "status").tolist() == [1, 1, 2, 3, 1]
    assert values(group, "id").tolist() == [outcome.id for outcome in outcomes]
    assert values(group, "split").tolist() == ["train", "test", "", "", "train"]
    assert values(group, "variant").tolist() == [0, 0, -1, -1, 0]
    first = outcomes[0].series
    assert first is not None
    assert Affine(*values(group, "transform")[0]) == first.transform
    assert np.isnan(values(group, "transform")[2]).all()
    assert CRS.from_wkt(values(group, "crs").tolist()[0]) == CRS.from_epsg(32736)


@pytest.mark.filterwarnings("error")
def test_readers_need_not_list_the_folder(store: Path) -> None:
    group = zarr.open_group(store, mode="r")
    assert group.metadata.consolidated_metadata is not None
    names = {"image", "mask", "instance", "change", "valid", "status", "variant", "transform"}
    assert {name for name, _ in group.arrays()} == names | {"id", "scene", "split", "source", "crs"}
    alone = zarr.open_array(store / "image", mode="r")
    assert group["image"].metadata == alone.metadata


def test_one_frame_a_chunk_and_one_shard_a_file(store: Path) -> None:
    group = zarr.open_group(store, mode="r")
    image = array(group, "image")
    assert image.chunks == (1, 1, 3, 24, 40)
    assert image.shards == (2, 3, 3, 24, 40)
    assert image.shape == (5, 3, 3, 24, 40), "the sample axis is as long as there are samples"
    assert array(group, "change").shards == (2, 2, 24, 40)
    for name, _ in group.arrays():
        assert json.loads((store / name / "zarr.json").read_text())["dimension_names"][0] == "sample"
    files = {path.name for path in (store / "valid").iterdir()}
    assert files == {"zarr.json", "c.0.0.0", "c.2.0.0"}, "a shard in which nothing is done has no file"


def test_conventions_on_the_group(store: Path) -> None:
    attributes = json.loads((store / "zarr.json").read_text())["attributes"]
    assert attributes["zarr_conventions"] == [SPATIAL, PROJ]
    assert attributes["proj:code"] == "EPSG:32736"
    assert attributes["spatial:dimensions"] == ["y", "x"]
    assert attributes["spatial:shape"] == [24, 40]
    assert "spatial:transform" not in attributes, "the samples lie in different places"


def test_no_crs_on_the_group_where_samples_differ(
    tmp_path: Path, run_store: Run, make_series: Callable[..., Series]
) -> None:
    one, two = make_series(0), make_series(1, crs=CRS.from_epsg(3857).to_wkt())
    both = [Outcome(series.id, Status.DONE, series=series) for series in (one, two)]
    run_store("zarr", tmp_path, StoreSpec(2, 2, 24, 40, 2), both)
    attributes = json.loads((tmp_path / "zarr.json").read_text())["attributes"]
    assert "proj:code" not in attributes
    assert attributes["zarr_conventions"] == [SPATIAL]


def test_a_file_of_a_cut_off_run_does_not_show_through(
    tmp_path: Path, spec: StoreSpec, outcomes: list[Outcome]
) -> None:
    writer = pickle.loads(pickle.dumps(ZarrFormat(tmp_path, spec)))
    writer.create()
    writer.write_shard(0, outcomes[:2])
    gone = [Outcome(outcome.id, Status.FAILED, "unreadable") for outcome in outcomes[:2]]
    writer.write_shard(0, gone)
    assert not values(zarr.open_group(tmp_path, mode="r"), "image")[:2].any()
    assert list((tmp_path / "image").glob("c.*")) == []


def test_create_leaves_what_is_there(tmp_path: Path, spec: StoreSpec) -> None:
    writer = ZarrFormat(tmp_path, spec)
    writer.create()
    (tmp_path / "mask" / "zarr.json").unlink()
    before = (tmp_path / "image" / "zarr.json").stat().st_ino
    writer.create()
    assert (tmp_path / "mask" / "zarr.json").exists()
    assert (tmp_path / "image" / "zarr.json").stat().st_ino == before


def test_one_sample_in_a_shard_of_many(tmp_path: Path, run_store: Run, make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    run_store("zarr", tmp_path, StoreSpec(1, 2, 24, 40, 64), [Outcome(series.id, Status.DONE, series=series)])
    group = zarr.open_group(tmp_path, mode="r")
    np.testing.assert_array_equal(values(group, "image"), series.images[None])
    assert group.attrs["spatial:bbox"] == [450000.0, 9990000.0 - 12, 450020.0, 9990000.0]
