from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from changen_cli.datasets import check
from changen_cli.datasets.check import check_dataset, check_datasets, how_to_get
from changen_cli.datasets.published import DATASETS, Archive, Published
from changen_cli.errors import SceneError
from tests.reporting import Heard

Fit = Callable[..., None]


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch) -> Fit:
    """Makes a twin the whole data set: as many pairs as it has, of its size."""

    def make(name: str, **values: object) -> None:
        monkeypatch.setitem(DATASETS, name, replace(DATASETS[name], **values))  # type: ignore[arg-type]

    return make


def test_a_whole_data_set(twins: Path, fit: Fit) -> None:
    fit("levir-cd", counts={"train": 3, "val": 1, "test": 2}, size=(40, 48))
    recorder = Heard()
    report = check_dataset(twins / "LEVIR-CD", recorder)
    assert report.whole
    assert report.problems == ()
    assert report.remedy == ""
    assert report.found == report.wanted == {"train": 3, "val": 1, "test": 2}
    assert (recorder.progresses[-1].done, recorder.progresses[-1].total) == (6, 6)


def test_counts_and_sizes(twins: Path) -> None:
    report = check_dataset(twins / "LEVIR-CD")
    assert not report.whole
    assert report.problems[:3] == ("train: 3 of 445", "val: 1 of 64", "test: 2 of 128")
    assert report.problems[3].startswith("not of 1024 x 1024 pixels: ")
    assert report.problems[3].endswith("and 15 more")
    assert "https://justchenhao.github.io/LEVIR/" in report.remedy


def test_what_lacks_of_pairs(twins: Path, fit: Fit) -> None:
    fit("s2looking", counts={"train": 1, "val": 2, "test": 2}, size=(40, 48))
    (twins / "S2Looking" / "train" / "Image2" / "1.png").unlink()
    report = check_dataset(twins / "S2Looking")
    assert report.problems == (f"{twins / 'S2Looking' / 'train' / 'Image2'}: lacks 1.*",)
    assert report.found == {"train": 1, "val": 2, "test": 2}


def test_what_cannot_be_opened(twins: Path, fit: Fit) -> None:
    fit("levir-cd", counts={"train": 3, "val": 1, "test": 2}, size=(40, 48))
    (twins / "LEVIR-CD" / "label" / "val_4.png").write_bytes(b"nothing")
    (problem,) = check_dataset(twins / "LEVIR-CD").problems
    assert problem.startswith("cannot be opened: ")
    assert "val_4.png" in problem


def test_the_whole_pair_of_whu(twins: Path, fit: Fit) -> None:
    (problem,) = check_dataset(twins / "WHU").problems
    assert "at least 10000 rows" in problem
    fit("whu-cd", least_rows=0)
    assert check_dataset(twins / "WHU").whole
    gone = twins / "WHU" / "2016" / "whole_image" / "test" / "image" / "2016_test.tif"
    gone.unlink()
    assert check_dataset(twins / "WHU").problems == (f"{gone}: is missing", "test: 0 of 1")


def test_files_of_a_pair_are_of_one_size(twins: Path, fit: Fit) -> None:
    fit("whu-cd", least_rows=0)
    small = twins / "xview2" / "train" / "images" / "guatemala-volcano_00000000_pre_disaster.png"
    label = twins / "WHU" / "change_label" / "test" / "change_label.tif"
    label.write_bytes(small.read_bytes())
    (problem,) = check_dataset(twins / "WHU").problems
    assert problem == f"not of the size of the others of their pair: {label} (32 x 32)"


def test_scenes_of_xview2(twins: Path, fit: Fit) -> None:
    fit("xview2", counts={"train": 2, "tier3": 2, "test": 2, "hold": 2}, size=(32, 32))
    assert check_dataset(twins / "xview2").whole
    (twins / "xview2" / "hold" / "labels" / "guatemala-volcano_00000002_pre_disaster.json").unlink()
    report = check_dataset(twins / "xview2")
    lacking = f"{twins / 'xview2' / 'hold' / 'labels'}: lacks guatemala-volcano_00000002_pre_disaster.*"
    assert report.problems == (lacking, "hold: 1 of 2")


def test_archives_are_compared_with_what_is_published(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "good.zip").write_bytes(b"good")
    (tmp_path / "set" / "bad.zip").write_bytes(b"cut")
    md5 = hashlib.md5(b"good").hexdigest()
    archives = (Archive("good.zip", md5), Archive("bad.zip", md5), Archive("gone.zip", md5), Archive("unknown.zip"))
    about = Published("x", "X", {}, None, "", "", archives)
    found = check.check_archives(tmp_path / "set", about)
    assert found == {str(tmp_path / "good.zip"): True, str(tmp_path / "set" / "bad.zip"): False}


def test_other_data_sets(twins: Path) -> None:
    report = check_dataset(twins / "more" / "LEVIR-CD+")
    assert report.whole
    assert report.wanted == {}
    assert "another data set than LEVIR-CD" in report.remark


def test_a_folder_of_data_sets(twins: Path) -> None:
    assert [one.name for one in check_datasets(twins)] == ["levir-cd", "s2looking", "whu-cd", "xview2", "levir-cd+"]


def test_folders_without_any(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="no such folder; name one that holds LEVIR-CD"):
        check_datasets(tmp_path / "nowhere")
    with pytest.raises(SceneError, match="holds none of LEVIR-CD"):
        check_datasets(tmp_path)
    with pytest.raises(SceneError, match="holds none of LEVIR-CD"):
        check_dataset(tmp_path)


def test_how_to_get_one() -> None:
    assert how_to_get("s2looking").startswith("get S2Looking from https://github.com/S2Looking/Dataset, about 31.5 GB")
