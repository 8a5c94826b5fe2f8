from __future__ import annotations

import math
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.store.manifest import manifest_bytes, read_manifest, write_manifest


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    write_manifest(tmp_path, manifest_bytes(tmp_path, {"b": 1, "a": {"y": "Zürich", "x": [1, 2]}}))
    first = (tmp_path / "manifest.json").read_bytes()
    write_manifest(tmp_path, manifest_bytes(tmp_path, {"a": {"x": [1, 2], "y": "Zürich"}, "b": 1}))
    assert (tmp_path / "manifest.json").read_bytes() == first
    assert first.endswith(b"}\n")
    assert read_manifest(tmp_path) == {"a": {"x": [1, 2], "y": "Zürich"}, "b": 1}


@pytest.mark.parametrize("value", [math.nan, Path("x"), {1, 2}])
def test_what_json_has_not_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(StoreError, match="value that JSON has not"):
        manifest_bytes(tmp_path, {"a": value})


def test_folders_that_are_no_output_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        read_manifest(tmp_path / "none")
    with pytest.raises(StoreError, match="was not written by changen"):
        read_manifest(tmp_path)
    (tmp_path / ".changen").mkdir()
    with pytest.raises(StoreError, match="is not complete; run the same changen command again"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(StoreError, match="no changen manifest"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(StoreError, match="cannot read"):
        read_manifest(tmp_path)
