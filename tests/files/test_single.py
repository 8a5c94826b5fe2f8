from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli import files
from changen_cli.errors import StoreError, TrainingError


def test_one_file_outside_an_output_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "losses.csv"
    files.write_whole(path, "Zürich\n")
    assert path.read_bytes() == "Zürich\n".encode()

    def fail() -> None:
        with files.replacing_file(path) as scratch:
            scratch.write_bytes(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_bytes() == "Zürich\n".encode()
    (path.parent / ".losses.csv.tmp").write_bytes(b"left by a killed run")
    files.write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [path.name for path in path.parent.iterdir()] == ["losses.csv"]


def test_one_file_is_synced_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def watch(name: str, real: Callable[..., None]) -> None:
        def call(*arguments: object) -> None:
            calls.append(name)
            real(*arguments)

        monkeypatch.setattr(os, name, call)

    watch("fsync", os.fsync)
    watch("replace", os.replace)
    files.write_whole(tmp_path / "a", b"1")
    assert calls[:2] == ["fsync", "replace"]


def test_one_file_on_a_full_disk(mount: Callable[[str], Path]) -> None:
    disk = mount("size=64k")
    files.write_whole(disk / "a", b"old")
    with pytest.raises(TrainingError, match=r"no space left on the disk of .*disk0/a \(.* bytes free\)"):
        files.write_whole(disk / "a", b"x" * 200_000, TrainingError)
    assert [path.name for path in disk.iterdir()] == ["a"]
    assert (disk / "a").read_bytes() == b"old"


def test_one_file_where_nobody_may_write(mount: Callable[[str], Path]) -> None:
    disk = mount("ro")
    with pytest.raises(TrainingError, match="Read-only file system"):
        files.write_whole(disk / "a", b"1", TrainingError)
    with pytest.raises(TrainingError, match="Read-only file system"):
        files.write_whole(disk / "new" / "a", b"1", TrainingError)


def test_a_work_folder_is_empty_and_goes(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.tif"
    stale = tmp_path / "new" / ".a.tif.work"
    stale.mkdir(parents=True)
    (stale / "half").touch()  # of a job that was killed
    with files.work_folder(target) as folder:
        assert folder == stale
        assert list(folder.iterdir()) == []
        (folder / "made").write_bytes(b"1")
        (folder / "other").write_bytes(b"2")
        files.put_whole(folder / "made", target)
    assert [path.name for path in target.parent.iterdir()] == ["a.tif"]
    assert target.read_bytes() == b"1"
    with pytest.raises(ZeroDivisionError), files.work_folder(target):
        _ = 1 / 0
    assert [path.name for path in target.parent.iterdir()] == ["a.tif"]


def test_a_work_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"), files.work_folder(tmp_path / "file" / "a.tif"):
        pass
    with pytest.raises(TrainingError, match="missing"):
        files.put_whole(tmp_path / "missing", tmp_path / "a", TrainingError)


def test_a_folder_is_put_whole(tmp_path: Path) -> None:
    made = tmp_path / "made"
    (made / "inner").mkdir(parents=True)
    (made / "inner" / "file").write_text("x")
    (tmp_path / "out").mkdir()
    files.put_folder_whole(made, tmp_path / "out")
    assert (tmp_path / "out" / "inner" / "file").read_text() == "x"
    assert not made.exists()
    made.mkdir()
    with pytest.raises(StoreError):
        files.put_folder_whole(made, tmp_path / "out")
    assert (tmp_path / "out" / "inner" / "file").read_text() == "x"


def test_a_folder_is_put_in_the_place_of_another(tmp_path: Path) -> None:
    target = tmp_path / "target"
    for content in ("old", "new"):
        with files.work_folder(target) as work:
            (work / "made").mkdir()
            (work / "made" / "file").write_text(content)
            files.put_folder_whole(work / "made", target, replace=True)
        assert (target / "file").read_text() == content
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
