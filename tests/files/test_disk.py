from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli import files
from changen_cli.errors import StoreError


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
