from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli.errors import SceneError, UsageError
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.source import LabelSource, SceneSource

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Makes empty files under a folder and returns it."""

    def make(*names: str) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return make


def mask(root: Path, name: str) -> LabelSource:
    return LabelSource("mask", str(root / name))


def test_images_and_masks_by_stem(folder: Folder) -> None:
    root = folder("images/b.jpg", "images/a.tif", "masks/a.png", "masks/b.png", "images/notes.md")
    found = find_scenes([str(root)])
    assert [s.id for s in found] == ["a", "b"]
    assert [s.labels for s in found] == [mask(root, "masks/a.png"), mask(root, "masks/b.png")]


def test_labels_beside_and_vectors_win(folder: Folder) -> None:
    root = folder("a.tif", "a_mask.tif", "a_buildings.gpkg", "b.TIF", "b_mask.png", "c.png", "c_buildings.geojson")
    found = {s.id: s for s in find_scenes([str(root)])}
    assert set(found) == {"a", "b", "c"}
    assert found["a"].labels == LabelSource("vector", str(root / "a_buildings.gpkg"))
    assert found["b"].labels == mask(root, "b_mask.png")
    assert found["c"].labels == LabelSource("vector", str(root / "c_buildings.geojson"))


def test_single_raster_and_its_masks_folder(folder: Folder) -> None:
    root = folder("images/a.jpg", "masks/a.png", "loose.tif", "loose_mask.tif")
    assert find_scenes([str(root / "images" / "a.jpg")])[0].labels == mask(root, "masks/a.png")
    assert find_scenes([str(root / "loose.tif")])[0].labels == mask(root, "loose_mask.tif")


def test_split_folders(folder: Folder) -> None:
    root = folder("train/images/a.png", "train/masks/a.png", "val/images/b.png", "val/masks/b.png")
    assert [(s.id, s.split) for s in find_scenes([str(root)])] == [("a", "train"), ("b", "val")]


def test_a_list_is_relative_to_its_folder_or_else_to_the_working_directory(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder("lists/scenes.txt", "lists/a.tif", "lists/a_mask.tif", "b.tif", "b_mask.tif")
    (root / "lists" / "scenes.txt").write_text("\ufeff# two\r\na.tif\r\n\r\nb.tif\r\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert [s.id for s in find_scenes(["lists/scenes.txt"])] == ["b", "a"]


def test_standard_input(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder("a.tif", "a_mask.tif")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{root / 'a.tif'}\n"))
    assert [s.id for s in find_scenes(["-"])] == ["a"]


def test_remote_rasters_are_not_looked_at(folder: Folder) -> None:
    root = folder("m/a.png", "m/b.png")
    inputs = ["https://example.org/x/a.tif?token=1", "/vsizip/archive.zip/in/b.tif"]
    found = find_scenes(inputs, masks=str(root / "m"))
    assert [(s.id, s.labels) for s in found] == [("b", mask(root, "m/b.png")), ("a", mask(root, "m/a.png"))]
    with pytest.raises(SceneError, match=r"example.org/x/a.tif.*names beside such a path are not known.*--footprints"):
        find_scenes(inputs[:1])
    assert find_scenes(inputs[:1], require_labels=False) == [SceneSource("a", inputs[0])]


def test_given_footprints_serve_all_scenes(folder: Folder) -> None:
    root = folder("a.tif", "b.tif", "all.gpkg")
    found = find_scenes([str(root)], footprints=str(root / "all.gpkg"))
    given = LabelSource("vector", str(root / "all.gpkg"), shared=True)
    assert [(s.id, s.labels) for s in found] == [("a", given), ("b", given)]
    (one,) = find_scenes([str(root / "a.tif")], footprints=given.path)
    assert one.labels == LabelSource("vector", given.path)


def test_given_labels_of_xbd_are_known_by_their_name(folder: Folder) -> None:
    root = folder("a.tif", "nepal-flooding_00000007_pre_disaster.json")
    path = str(root / "nepal-flooding_00000007_pre_disaster.json")
    assert find_scenes([str(root / "a.tif")], footprints=path)[0].labels == LabelSource("xbd", path)


def test_ids_are_unique_safe_and_do_not_depend_on_the_order(folder: Folder) -> None:
    root = folder("x/images/a.png", "y/a.png", "y/A.tif", "y/b c%.png", "y/b_c_.png", "é/ü.png")
    inputs = [str(root / "y"), str(root / "x"), str(root / "é")]
    found = find_scenes(inputs, require_labels=False)
    ids = [s.id for s in found]
    assert len({i.lower() for i in ids}) == len(ids) == 6
    assert "x_a" in ids
    assert all(i.isascii() and "/" not in i and " " not in i for i in ids)
    assert find_scenes(inputs[::-1], require_labels=False) == found


def test_a_scene_named_twice_is_taken_once(folder: Folder) -> None:
    root = folder("a.tif")
    assert len(find_scenes([str(root), str(root / "a.tif")], require_labels=False)) == 1


def test_missing_footprints_say_what_was_looked_for(folder: Folder) -> None:
    root = folder("images/a.tif", "masks/b.png")
    with pytest.raises(
        SceneError, match=r"images/a\.tif: has no footprints.*a_buildings.*a_mask.*masks/a\.\*.*--masks"
    ):
        find_scenes([str(root)])
    with pytest.raises(SceneError, match=r"masks/a\.\*.*masks/a_mask"):
        find_scenes([str(root / "images")], masks=str(root / "masks"))


def test_unreadable_path_in_a_list_is_named_with_its_line(folder: Folder) -> None:
    root = folder("a.tif")
    (root / "l.txt").write_text("# first\na.tif\ngone.tif\n")
    with pytest.raises(SceneError, match=r"l\.txt, line 3: gone\.tif: no such readable file"):
        find_scenes([str(root / "l.txt")])
    (root / "l.txt").write_text(f"{root}\n")
    with pytest.raises(SceneError, match=r"line 1.*is a folder"):
        find_scenes([str(root / "l.txt")])


def test_a_folder_of_folders_names_those_that_have_rasters(folder: Folder) -> None:
    root = folder("d/a.tif", "b/images/x.png", "c/readme.md")
    with pytest.raises(SceneError, match="no rasters in it") as caught:
        find_scenes([str(root)])
    assert str(caught.value).endswith(f"; there are some in {root / 'b'}, {root / 'd'}: give each of these folders")
    for number in range(6):
        folder(f"e{number}/a.tif")
    with pytest.raises(SceneError, match=r"e2 and 3 more: give each"):
        find_scenes([str(root)])


def test_unusable_inputs(folder: Folder) -> None:
    root = folder("empty/readme.md", "a.geojson", "list.txt", "two/a.tif", "two/b.tif", "m.png")
    for inputs, message in [
        ([], "no input"),
        ([str(root / "gone")], "gone: no such file or folder"),
        ([str(root / "empty")], "empty: no rasters"),
        ([str(root / "a.geojson")], "is a vector file, not a raster"),
        ([str(root / "list.txt")], "names no raster"),
    ]:
        with pytest.raises((SceneError, UsageError), match=message):
            find_scenes(inputs)
    with pytest.raises(UsageError, match="one mask for 2 scenes"):
        find_scenes([str(root / "two")], masks=str(root / "m.png"))
    with pytest.raises(UsageError, match="both given"):
        find_scenes([str(root / "two")], masks="m", footprints="f")
    with pytest.raises(SceneError, match="no such vector file"):
        find_scenes([str(root / "two")], footprints=str(root / "gone.gpkg"))
    with pytest.raises(SceneError, match="no such mask"):
        find_scenes([str(root / "two")], masks=str(root / "gone"))
    (root / "list.txt").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(SceneError, match="give UTF-8 text"):
        find_scenes([str(root / "list.txt")])
