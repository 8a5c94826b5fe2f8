from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.errors import SceneError
from changen_cli.pairs.layouts import find_pairs
from tests.data.make_pairs import make_levir, make_levir_plus, make_s2looking, make_whu, write_pair


@pytest.mark.parametrize(
    ("make", "inner", "expected"),
    [
        (make_levir, "", {"train": ["train_1", "train_2", "train_3"], "val": ["val_4"], "test": ["test_5", "test_6"]}),
        (
            make_levir_plus,
            "LEVIR-CD+",
            {"train": ["train/train_1", "train/train_2", "train/train_3"], "test": ["test/test_5", "test/test_6"]},
        ),
        (
            make_s2looking,
            "",
            {"train": ["train/1", "train/2"], "val": ["val/3", "val/4"], "test": ["test/5", "test/6"]},
        ),
        (make_whu, "", {"train": ["train"], "test": ["test"]}),
    ],
)
def test_known_data_sets(
    tmp_path: Path, make: Callable[[Path], Path], inner: str, expected: dict[str, list[str]]
) -> None:
    found = find_pairs(make(tmp_path) / inner)
    assert found is not None
    assert {split: [pair.id for pair in pairs] for split, pairs in found.items()} == expected


def test_whu_knows_the_buildings_of_both_dates(tmp_path: Path) -> None:
    found = find_pairs(make_whu(tmp_path / "with"))
    assert found is not None
    assert found["train"][0].layouts == tuple(
        str(tmp_path / f"with/{year}/whole_image/train/label/{year}_train.tif") for year in (2012, 2016)
    )
    without = find_pairs(make_whu(tmp_path / "without", masks=False))
    assert without is not None
    assert without["train"][0].layouts is None


def test_lists_say_the_splits(tmp_path: Path) -> None:
    for number in range(4):
        write_pair(tmp_path, f"p{number}", number)
    (tmp_path / "list").mkdir()
    (tmp_path / "list/train.txt").write_text("p2.png\np0.png\n\n")
    (tmp_path / "list/test.txt").write_text("A/p3.png B/p3.png label/p3.png\n")
    found = find_pairs(tmp_path)
    assert found is not None
    assert {split: [pair.id for pair in pairs] for split, pairs in found.items()} == {
        "train": ["p2", "p0"],
        "test": ["p3"],
    }
    (tmp_path / "list/val.txt").write_text("p9.png")
    with pytest.raises(SceneError, match=r"val\.txt: names 'p9'"):
        find_pairs(tmp_path)


def test_names_that_only_partly_say_a_split_say_none(tmp_path: Path) -> None:
    write_pair(tmp_path, "train_1", 1)
    write_pair(tmp_path, "other", 2)
    found = find_pairs(tmp_path)
    assert found is not None
    assert list(found) == [""]
    assert len(found[""]) == 2


def test_suffixes_may_differ_and_other_files_are_passed_over(tmp_path: Path) -> None:
    write_pair(tmp_path, "a.b", 1, suffixes=(".jpg", ".tif", ".PNG"))
    (tmp_path / "A" / "Thumbs.db").touch()
    found = find_pairs(tmp_path)
    assert found is not None
    assert [(pair.id, Path(pair.after).name) for pair in found[""]] == [("a.b", "a.b.tif")]


@pytest.mark.parametrize("missing", ["A", "B", "label"])
def test_a_pair_that_is_not_whole_is_named(tmp_path: Path, missing: str) -> None:
    write_pair(tmp_path, "a", 1)
    write_pair(tmp_path, "b", 2)
    (tmp_path / missing / "b.png").unlink()
    with pytest.raises(SceneError, match=rf"/{missing}: has no b\.\*"):
        find_pairs(tmp_path)


def test_two_files_of_one_stem_are_refused(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", 1)
    write_pair(tmp_path, "a", 1, suffixes=(".tif", ".png", ".png"))
    with pytest.raises(SceneError, match=r"A: holds both a\.png and a\.tif"):
        find_pairs(tmp_path)


def test_a_folder_of_something_else_has_none(tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    (tmp_path / "B").mkdir()
    assert find_pairs(tmp_path) is None
