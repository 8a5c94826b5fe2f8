from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from changen_cli import files
from changen_cli.errors import StoreError


def test_files_appear_whole_and_leave_no_scratch(tmp_path: Path) -> None:
    files.write_files(tmp_path, [(tmp_path / "a", b"1"), (tmp_path / "b", b"22")])
    files.write_files(tmp_path, [(tmp_path / "a", b"3")])
    assert (tmp_path / "a").read_bytes() == b"3"
    assert (tmp_path / "b").read_bytes() == b"22"
    assert list(files.scratch_folder(tmp_path).iterdir()) == []


def test_workers_have_scratch_of_their_own(tmp_path: Path) -> None:
    whole = files.scratch_folder(tmp_path)
    try:
        for part in ("0-of-2", "1-of-2"):
            files.part_scratch(part)
            files.write_files(tmp_path, [(tmp_path / part, b"1")])
            assert files.scratch_folder(tmp_path) == whole / part
        files.clear_scratch(tmp_path)
        assert [path.name for path in whole.iterdir()] == ["0-of-2"]
    finally:
        files.part_scratch("")
    files.clear_scratch(tmp_path)
    assert not whole.exists()


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


def test_a_folder_of_large_files_is_there_when_it_is_whole_and_noted(tmp_path: Path) -> None:
    with files.noting() as noted, files.replacing_folder(tmp_path, tmp_path / "scene") as folder:
        (folder / "a.tif").write_bytes(b"a")
        assert not (tmp_path / "scene").exists()
    assert (tmp_path / "scene" / "a.tif").read_bytes() == b"a"
    assert noted == {tmp_path / "scene" / "a.tif": files.checksum(b"a")}


def test_a_folder_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "b.tif").write_bytes(b"b")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), files.replacing_folder(tmp_path, tmp_path / "other") as folder:
        fail(folder)
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == [".changen", "tmp"]


def test_a_folder_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="link"), files.replacing_folder(tmp_path, tmp_path / "link" / "scene"):
        pass
    assert not any((tmp_path / "elsewhere").iterdir())


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


def test_every_file_is_noted_with_its_checksum(tmp_path: Path) -> None:
    with files.noting() as noted:
        files.write_files(tmp_path, [(tmp_path / "a", b"1"), (tmp_path / "gone", b"2")])
        files.write_folders(tmp_path, [(tmp_path / "x", [("b", b"22")]), (tmp_path / "y", [("c", b"3")])])
        with files.replacing(tmp_path, tmp_path / "table") as scratch:
            scratch.write_bytes(b"large")
        files.remove_files([tmp_path / "gone"])
        files.remove_folder(tmp_path, tmp_path / "y")
    files.write_files(tmp_path, [(tmp_path / "later", b"1")])
    paths = [tmp_path / name for name in ("a", "x/b", "table")]
    assert noted == {path: files.checksum(path.read_bytes()) for path in paths}


def test_a_folder_goes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_folders(tmp_path, [(tmp_path / "x", [("a", b"1"), ("b", b"2")])])
    files.remove_folder(tmp_path, tmp_path / "none")

    def killed(path: Path, **_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        files.remove_folder(tmp_path, tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_nothing_is_written_or_deleted_through_a_link(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (elsewhere / "a").write_text("mine")
    (out / "mask").symlink_to(elsewhere)
    with pytest.raises(StoreError, match="mask is a link to another folder"):
        files.write_files(out, [(out / "mask" / "a", b"1")])
    with pytest.raises(StoreError, match="is a link"), files.replacing(out, out / "mask" / "a") as scratch:
        scratch.write_bytes(b"1")
    with pytest.raises(StoreError, match="is a link"):
        files.write_folders(out, [(out / "mask" / "b", [("c", b"1")])])
    with pytest.raises(StoreError, match="is a link"):
        files.remove_folder(out, out / "mask")
    with pytest.raises(StoreError, match="is a link"):
        files.refuse_links(out)
    assert [path.name for path in elsewhere.iterdir()] == ["a"]
    assert (elsewhere / "a").read_text() == "mine"
    linked = tmp_path / "linked"
    linked.symlink_to(out)  # the output itself may lie wherever its owner likes
    files.write_files(linked, [(linked / "b", b"1")])
    assert (out / "b").read_bytes() == b"1"
