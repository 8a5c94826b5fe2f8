from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from changen_cli import files
from changen_cli.errors import StoreError, TrainingError


def test_files_appear_whole_and_leave_no_scratch(tmp_path: Path) -> None:
    files.write_files(tmp_path, [(tmp_path / "a", b"1"), (tmp_path / "b", b"22")])
    files.write_files(tmp_path, [(tmp_path / "a", b"3")])
    assert (tmp_path / "a").read_bytes() == b"3"
    assert (tmp_path / "b").read_bytes() == b"22"
    assert list(files.scratch_folder(tmp_path).iterdir()) == []


def test_nothing_appears_before_everything_is_written(tmp_path: Path) -> None:
    def source() -> Iterator[tuple[Path, bytes]]:
        yield tmp_path / "a", b"1"
        raise StoreError("the encoder broke")

    with pytest.raises(StoreError, match="encoder"):
        files.write_files(tmp_path, source())
    assert not (tmp_path / "a").exists()
    assert list(files.scratch_folder(tmp_path).iterdir()) == []


def test_folders_appear_whole(tmp_path: Path) -> None:
    files.write_folders(tmp_path, [(tmp_path / "x", [("a", b"1"), ("b", b"2")])])
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == ["a", "b"]
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o777 & ~umask


def test_a_folder_of_large_files_is_there_when_it_is_whole(tmp_path: Path) -> None:
    with files.replacing_folder(tmp_path, tmp_path / "scene") as folder:
        (folder / "a.tif").write_bytes(b"a")
        assert not (tmp_path / "scene").exists()
    assert (tmp_path / "scene" / "a.tif").read_bytes() == b"a"


def test_a_folder_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "b.tif").write_bytes(b"b")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), files.replacing_folder(tmp_path, tmp_path / "other") as folder:
        fail(folder)
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == [".changen", "tmp"]


def test_what_is_half_done_is_kept_until_it_is_cleared(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (files.half_done_folder(tmp_path) / name).mkdir(parents=True)
    files.clear_scratch(tmp_path)
    files.clear_half_done(tmp_path, "one")
    assert [path.name for path in files.half_done_folder(tmp_path).iterdir()] == ["two"]
    files.clear_half_done(tmp_path)
    files.clear_half_done(tmp_path)
    assert not files.half_done_folder(tmp_path).exists()


def test_a_full_disk_is_named_with_its_free_space(mount: Callable[[str], Path]) -> None:
    disk = mount("size=64k")
    with pytest.raises(StoreError, match=r"no space left on the disk of .*disk0 \(.* bytes free\).*same command again"):
        files.write_files(disk, [(disk / "a", b"x" * 200_000)])
    assert not (disk / "a").exists()
    assert list(files.scratch_folder(disk).iterdir()) == [], "the space it took is free again"


def test_a_read_only_disk_is_named(mount: Callable[[str], Path]) -> None:
    disk = mount("ro")
    with pytest.raises(StoreError, match=r"cannot write .*disk0.*Read-only file system.*another --output"):
        files.make_folder(disk / "out")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "no space left"),
        (errno.EACCES, "give write permission"),
        (errno.EROFS, "choose another --output"),
        (errno.EIO, "cannot use"),
    ],
)
def test_every_disk_error_has_a_remedy(tmp_path: Path, code: int, words: str) -> None:
    with pytest.raises(StoreError, match=words) as caught, files.disk_errors(tmp_path / "not" / "there"):
        raise OSError(code, os.strerror(code))
    assert str(tmp_path / "not" / "there") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_replacing_keeps_the_old_file_when_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes(b"old")

    def fail() -> None:
        with files.replacing(tmp_path, path) as scratch:
            scratch.write_bytes(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_bytes() == b"old"
    with files.replacing(tmp_path, path) as scratch:
        scratch.write_bytes(b"new")
    assert path.read_bytes() == b"new"


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


def test_a_folder_that_holds_something_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "a").touch()
    assert not files.remove_folder_if_empty(tmp_path / "f")
    files.remove_files([tmp_path / "f" / "a", tmp_path / "f" / "b"])
    assert files.remove_folder_if_empty(tmp_path / "f")
    assert not (tmp_path / "f").exists()


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
