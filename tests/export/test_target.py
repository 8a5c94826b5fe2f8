from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from changen_cli.errors import StoreError, UsageError
from changen_cli.export.picture import Picture
from changen_cli.export.target import RECORD, Target, writing

PIXELS = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)


def test_a_picture_is_written_once_and_linked_then(tmp_path: Path) -> None:
    target, picture = Target(tmp_path), Picture(PIXELS)
    first, second = target.put("a/1.png", picture), target.put("b/1.png", picture)
    assert first.samefile(second)
    assert target.put("c/1.png", Picture(PIXELS)).read_bytes() == first.read_bytes()


def test_copies_where_links_are_not_wanted_or_not_to_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source.png"
    source.write_bytes(b"picture")
    copied = Target(tmp_path, copy=True).link("copy/1.png", source)

    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(os, "link", refuse)
    fallen_back = Target(tmp_path).link("other/1.png", source)
    for path in (copied, fallen_back):
        assert path.read_bytes() == b"picture"
        assert not path.samefile(source)


def test_two_files_never_share_a_name(tmp_path: Path) -> None:
    target = Target(tmp_path)
    target.write("a/1.txt", "one")
    with pytest.raises(StoreError, match=r"a/1\.txt"):
        target.write("a/1.txt", "two")
    assert (tmp_path / "a" / "1.txt").read_text() == "one"


@pytest.mark.parametrize("is_file", [False, True])
def test_nothing_is_there_before_all_is(tmp_path: Path, is_file: bool) -> None:
    path = tmp_path / "out"

    def stop_half_way() -> None:
        with writing(path, is_file=is_file, copy=False, overwrite=False) as target:
            (target.root if is_file else target.folder("a") / "1.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_half_way()
    assert list(tmp_path.iterdir()) == []
    with writing(path, is_file=is_file, copy=False, overwrite=False) as target:
        (target.root if is_file else target.folder("a") / "1.txt").write_text("all")
        assert not path.exists()
    assert [child.name for child in tmp_path.iterdir()] == ["out"]
    assert (path if is_file else path / "a" / "1.txt").read_text() == "all"


def test_what_a_killed_run_left_is_emptied(tmp_path: Path) -> None:
    left = tmp_path / ".out.work" / "out"
    left.mkdir(parents=True)
    (left / "half.png").write_text("half")
    with writing(tmp_path / "out", is_file=False, copy=False, overwrite=False) as target:
        target.write("1.txt", "all")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["1.txt"]
    assert not (tmp_path / ".out.work").exists()


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with writing(tmp_path / "out", is_file=False, copy=False, overwrite=False) as target:
        target.write("1.txt", "all")
    assert (tmp_path / "out" / "1.txt").read_text() == "all"


def test_only_an_export_is_replaced_and_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.mkdir()
    (path / "mine.txt").write_text("mine")
    for overwrite, said in ((False, "--overwrite"), (True, "no export of changen")):
        with pytest.raises(UsageError, match=said), writing(path, is_file=False, copy=False, overwrite=overwrite):
            pytest.fail("nothing may be written")
    (path / RECORD).write_text("{}")
    with writing(path, is_file=False, copy=False, overwrite=True) as target:
        target.write("1.txt", "new")
        assert (path / "mine.txt").exists()
    assert [child.name for child in path.iterdir()] == ["1.txt"]
    assert [child.name for child in tmp_path.iterdir()] == ["out"]


def test_a_link_or_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path)
    for name, is_file in (("link", False), ("file", False), (".", True)):
        with (
            pytest.raises(UsageError),
            writing(tmp_path / name, is_file=is_file, copy=False, overwrite=True),
        ):
            pytest.fail("nothing may be written")
    assert (tmp_path / "file").read_text() == "x"


def test_of_two_exports_at_once_the_second_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with writing(path, is_file=False, copy=False, overwrite=False) as target:
        target.write("a.txt", "first")
        with (
            pytest.raises(
                StoreError, match=rf"another export \(process {os.getpid()}\) is writing {path}; wait"
            ) as caught,
            writing(path, is_file=False, copy=False, overwrite=True),
        ):
            raise AssertionError("both write")
        assert "--shard" not in str(caught.value)
        assert (target.root / "a.txt").read_text() == "first", "what the first has written is not touched"
    assert (path / "a.txt").read_text() == "first"
    assert [one.name for one in tmp_path.iterdir()] == ["out"], "no lock is left"


def test_what_a_killed_export_left_is_emptied_and_a_link_is_not_followed(tmp_path: Path) -> None:
    work, other = tmp_path / ".out.work", tmp_path / "other"
    (work / "out").mkdir(parents=True)
    (work / "out" / "half.txt").write_text("half")
    with writing(tmp_path / "out", is_file=False, copy=False, overwrite=False) as target:
        assert list(target.root.iterdir()) == []
    other.mkdir()
    (other / "kept").write_text("kept")
    (tmp_path / ".two.work").symlink_to(other)
    with (
        pytest.raises(StoreError, match="is a link"),
        writing(tmp_path / "two", is_file=False, copy=False, overwrite=False),
    ):
        raise AssertionError("written through a link")
    assert (other / "kept").exists()
