from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.errors import SceneError
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.footprints.xbd_tree import is_label, plain_name
from changen_cli.scenes.source import LabelSource

A, B = "nepal-flooding_00000007", "palu-tsunami_00000012"


Tree = Callable[..., Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Makes empty files: scene A in the splits named, pre and post, with labels, and targets but for tier3."""

    def make(*splits: str, scene: str = A) -> Path:
        for split in splits:
            for when in ("pre", "post"):
                stem = f"{scene}_{when}_disaster"
                names = [f"images/{stem}.png", f"labels/{stem}.json", f"targets/{stem}_target.png"]
                for name in names[: 2 if split == "tier3" else 3]:
                    path = tmp_path / "xview2" / split / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
        return tmp_path / "xview2"

    return make


def label(split: Path, scene: str) -> LabelSource:
    return LabelSource("xbd", str(split / "labels" / f"{scene}_pre_disaster.json"))


def test_splits_and_ids(tree: Tree) -> None:
    root = tree("train", "test", "hold")
    tree("tier3", scene=B)
    found = find_scenes([str(root)])
    assert [(s.id, s.split) for s in found] == [
        (f"hold_{A}", "val"),
        (f"test_{A}", "test"),
        (B, "train"),
        (f"train_{A}", "train"),
    ]
    assert {Path(s.image).name for s in found} == {f"{A}_pre_disaster.png", f"{B}_pre_disaster.png"}
    assert found[2].labels == label(root / "tier3", B)
    assert {s.labels.kind for s in found if s.labels} == {"xbd"}


@pytest.mark.parametrize("inside", ["hold", "hold/images", f"hold/images/{A}_pre_disaster.png"])
def test_one_split_its_images_or_one_of_them(tree: Tree, inside: str) -> None:
    root = tree("hold", "train")
    (found,) = find_scenes([str(root / inside)])
    assert (found.id, found.labels) == (A, label(root / "hold", A))
    assert found.split == (None if inside.endswith(".png") else "val")


def test_relative_paths(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree("train") / "train" / "images")
    assert find_scenes(["."])[0].labels == label(Path(".."), A)


def test_a_target_stands_in_for_a_label_and_a_missing_one_is_left_to_opening(tree: Tree) -> None:
    root = tree("train")
    tree("train", scene=B)
    (root / "train" / "labels" / f"{A}_pre_disaster.json").unlink()
    (root / "train" / "labels" / f"{B}_pre_disaster.json").unlink()
    (root / "train" / "targets" / f"{B}_pre_disaster_target.png").unlink()
    first, second = find_scenes([str(root)])
    assert first.labels == LabelSource("mask", str(root / "train" / "targets" / f"{A}_pre_disaster_target.png"))
    assert second.labels == label(root / "train", B)


@pytest.mark.parametrize(
    ("remove", "message"),
    [
        (["images"], r"train has labels and no images/"),
        (["labels", "targets"], r"train has 1 pre-disaster images and no labels/\*_pre_disaster.json"),
        (["images/*_pre_*"], r"train/images has 1 post-disaster images and no pre-disaster one"),
        (["images", "labels", "targets"], r"train holds no images/<disaster>_<number>_pre_disaster.png"),
    ],
)
def test_a_partial_tree_says_what_is_missing(tree: Tree, remove: list[str], message: str) -> None:
    root = tree("train", "hold")
    for pattern in remove:
        for path in (root / "train").glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(SceneError, match=message) as error:
        find_scenes([str(root)])
    assert "xview2: not a whole xView2 / xBD tree: " in str(error.value)
    assert str(error.value).endswith(f"or name only what is whole: {root / 'hold'}")
    assert [s.split for s in find_scenes([str(root / "hold")])] == ["val"]


def test_all_that_is_missing_is_said_at_once(tree: Tree) -> None:
    root = tree("train", "test", "hold")
    shutil.rmtree(root / "train" / "images")
    for name in ("labels", "targets"):
        shutil.rmtree(root / "test" / name)
    with pytest.raises(SceneError, match=r"test has 1 pre-disaster .*; .*train has labels"):
        find_scenes([str(root)])
    with pytest.raises(SceneError, match=r"each split has images/ and labels/\)$"):
        find_scenes([str(root / "test")])


def test_absent_splits_are_no_error(tree: Tree) -> None:
    assert len(find_scenes([str(tree("train"))])) == 1


def test_other_data_sets_are_left_to_their_readers(tmp_path: Path) -> None:
    for name in (f"images/{A}_pre_disaster.png", f"masks/{A}_pre_disaster.png", "train/images/a.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (found,) = find_scenes([str(tmp_path)])
    assert found.labels == LabelSource("mask", str(tmp_path / "masks" / f"{A}_pre_disaster.png"))


def test_names() -> None:
    assert plain_name(f"x/{A}_pre_disaster.PNG") == f"x/{A}.PNG"
    assert plain_name("x/a_pre_disaster.png") == "x/a_pre_disaster.png"
    assert is_label(f"{A}_pre_disaster.json")
    assert not is_label("buildings.json")
