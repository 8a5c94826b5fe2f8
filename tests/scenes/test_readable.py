from __future__ import annotations

import os
from pathlib import Path

import pytest

from changen_cli.errors import SceneError
from changen_cli.scenes.readable import printable, require_readable


def test_names_are_made_printable() -> None:
    assert printable("é.tif") == "é.tif"
    assert printable("\udcff.tif") == "\\udcff.tif"


def test_files_folders_and_addresses_are_let_through(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    for path in (tmp_path, tmp_path / "a", "/vsicurl/https://x/y.tif", "s3://b/k.tif"):
        require_readable(str(path), "raster")


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, message in {
        "gone": "no such mask",
        "pipe": "is a pipe or a device, not a mask",
        "a\0b": "cannot be read",
        "\udcff": "name of this mask is not UTF-8",
    }.items():
        with pytest.raises(SceneError, match=message):
            require_readable(f"{tmp_path}/{name}", "mask")
