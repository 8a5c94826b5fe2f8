from __future__ import annotations

from pathlib import Path

from changen_cli import files


def test_a_folder_is_emptied_but_for_what_keeps_others_out(tmp_path: Path) -> None:
    folder, other = tmp_path / "f", tmp_path / "other"
    for path in (folder / "inner", other):
        path.mkdir(parents=True)
        (path / "a").touch()
    for name in ("lock", "b"):
        (folder / name).touch()
    (folder / "link").symlink_to(other)
    files.empty_folder(folder, but="lock")
    assert [path.name for path in folder.iterdir()] == ["lock"]
    assert (other / "a").exists()


def test_a_folder_that_holds_something_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "a").touch()
    assert not files.remove_folder_if_empty(tmp_path / "f")
    files.remove_files([tmp_path / "f" / "a", tmp_path / "f" / "b"])
    assert files.remove_folder_if_empty(tmp_path / "f")
    assert not (tmp_path / "f").exists()
