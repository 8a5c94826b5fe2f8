from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.formats.levir import LevirFormat, pairs
from changen_cli.types import AnyArray


@pytest.fixture
def tree_root(tmp_path: Path, run_store: Callable[..., None], spec: StoreSpec, outcomes: list[Outcome]) -> Path:
    run_store("levir", tmp_path, spec, outcomes)
    return tmp_path / "LEVIR-CD+"


def read(path: Path) -> AnyArray:
    with rasterio.open(path) as source:
        bands: AnyArray = source.read()
    return bands


def test_pairs_are_consecutive_and_from_the_real_image() -> None:
    assert pairs(1) == [(0, 1)]
    assert pairs(3) == [(0, 1), (1, 2), (2, 3), (0, 2), (0, 3)]


def test_nothing_else_is_in_the_folders(tree_root: Path) -> None:
    train = [f"kampala__r{n}_c0__t{a}_t{b}.png" for n in (0, 4) for a, b in ((0, 1), (0, 2), (1, 2))]
    test = [f"jinja__r1_c0__t{a}_t{b}.png" for a, b in ((0, 1), (0, 2), (1, 2))]
    for split, names in (("train", train), ("val", []), ("test", test)):
        assert sorted(path.name for path in (tree_root / split).iterdir()) == ["A", "B", "label"]
        for folder in ("A", "B", "label"):
            assert sorted(path.name for path in (tree_root / split / folder).iterdir()) == names
        assert (tree_root / "list" / f"{split}.txt").read_text().splitlines() == names
    assert sorted(path.name for path in tree_root.iterdir()) == ["list", "test", "train", "val"]


def test_images_and_labels(tree_root: Path, outcomes: list[Outcome]) -> None:
    series = outcomes[1].series
    assert series is not None
    for before, after in pairs(2):
        name = f"{series.id}__t{before}_t{after}.png"
        np.testing.assert_array_equal(read(tree_root / "test" / "A" / name), series.images[before])
        np.testing.assert_array_equal(read(tree_root / "test" / "B" / name), series.images[after])
        label = read(tree_root / "test" / "label" / name)
        assert label.shape == (1, 24, 40)
        assert label.dtype == np.uint8
        np.testing.assert_array_equal(label[0], np.where(series.masks[before] != series.masks[after], 255, 0))
        assert label.any()


def test_a_shard_is_written_over_what_was_there(tmp_path: Path, make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    writer = LevirFormat(tmp_path, StoreSpec(1, 2, 24, 40, 1))
    writer.create()
    writer.write_shard(0, [Outcome(series.id, Status.DONE, series=series)])
    assert len(list(tmp_path.rglob("*.png"))) == 9
    writer.write_shard(0, [Outcome(series.id, Status.FAILED, "unreadable")])
    assert list(tmp_path.rglob("*.png")) == []


def test_torchgeo_reads_it(tree_root: Path) -> None:
    datasets = pytest.importorskip("torchgeo.datasets", reason="torchgeo is not installed")
    data = datasets.LEVIRCDPlus(tree_root.parent, split="train")
    assert len(data) == 6
    labels = [np.asarray(data[item]["mask"]) for item in range(len(data))]
    assert {label.shape[-2:] for label in labels} == {(24, 40)}
    assert any(label.any() for label in labels)
    assert len(datasets.LEVIRCDPlus(tree_root.parent, split="test")) == 3
