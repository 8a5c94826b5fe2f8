from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torchgeo.datasets import LEVIRCD, LEVIRCDPlus

from changen_cli.errors import SceneError, StoreError
from changen_cli.pairs.discover import open_pairs
from tests.data.make_pairs import make_levir, make_levir_plus, make_s2looking, make_whu, write_pair


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(("make", "theirs"), [(make_levir, LEVIRCD), (make_levir_plus, LEVIRCDPlus)])
def test_torchgeo_reads_the_same(tmp_path: Path, make: object, theirs: type[LEVIRCD], split: str) -> None:
    root = make(tmp_path)  # type: ignore[operator]
    ours, data = open_pairs(root, split), theirs(root, split)
    assert len(ours) == len(data) > 0
    for index in range(len(ours)):
        pair, sample = ours.read(index), data[index]
        np.testing.assert_array_equal(np.stack([pair.before, pair.after]), sample["image"].numpy())
        np.testing.assert_array_equal(pair.change, sample["mask"][0].numpy())


def test_without_a_split_there_are_all(tmp_path: Path) -> None:
    assert len(open_pairs(make_levir(tmp_path / "levir"))) == 6
    source = open_pairs(make_s2looking(tmp_path / "s2"))
    assert len(source) == len(set(source.ids)) == 6
    assert source.read(3).change.any()
    assert open_pairs(make_whu(tmp_path / "whu"), "test").ids == ("test",)
    assert open_pairs(make_whu(tmp_path / "whu"), "test").name == "whu/test"


def test_archives_unpack_to_a_folder_in_a_folder(tmp_path: Path) -> None:
    make_whu(tmp_path / "in" / "1. The two-period image data")
    assert len(open_pairs(tmp_path / "in")) == 2
    write_pair(tmp_path / "in" / "other", "a", 1)
    with pytest.raises(SceneError, match="holds no pairs"):
        open_pairs(tmp_path / "in")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="nowhere: no such folder"):
        open_pairs("nowhere")
    with pytest.raises(SceneError, match=r"holds no pairs; name a folder that holds an output of changen generate, or"):
        open_pairs(tmp_path)
    with pytest.raises(SceneError, match=r"has no split 'val'; it has train, test"):
        open_pairs(make_levir_plus(tmp_path / "plus"), "val")
    write_pair(tmp_path / "flat", "a", 1)
    with pytest.raises(SceneError, match=r"has no split 'test'; it has none: leave the split out"):
        open_pairs(tmp_path / "flat", "test")
    for name in ("A", "B", "label"):
        (tmp_path / "empty" / name).mkdir(parents=True)
    with pytest.raises(SceneError, match="are empty"):
        open_pairs(tmp_path / "empty")


def test_a_run_that_was_cut_off_is_said(tmp_path: Path) -> None:
    (tmp_path / ".changen").mkdir()
    with pytest.raises(StoreError, match="not complete"):
        open_pairs(tmp_path)
