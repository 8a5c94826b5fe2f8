from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.files import checksum
from changen_cli.store.footprints import (
    clear_footprints,
    footprints_folder,
    list_footprints,
    read_reading,
    reading_bytes,
    reading_path,
    sum_footprints,
    write_footprints,
)


def test_files_are_written_listed_summed_up_and_cleared(tmp_path: Path) -> None:
    assert list_footprints(tmp_path) == []
    write_footprints(tmp_path, [("b.parquet", b"b"), ("a.parquet", b"a")])
    assert [path.name for path in list_footprints(tmp_path)] == ["a.parquet", "b.parquet"]
    assert sum_footprints(tmp_path)[".changen/footprints/a.parquet"] == checksum(b"a")
    clear_footprints(tmp_path, {footprints_folder(tmp_path) / "a.parquet"})
    assert [path.name for path in list_footprints(tmp_path)] == ["a.parquet"]
    clear_footprints(tmp_path)
    assert not footprints_folder(tmp_path).exists()


def test_how_they_were_read_is_sealed(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot read .*reading\.json"):
        read_reading(tmp_path)
    write_footprints(tmp_path, [(reading_path(tmp_path).name, reading_bytes({"weights": "mine"}))])
    assert read_reading(tmp_path) == {"weights": "mine"}
    data = reading_path(tmp_path).read_bytes()
    reading_path(tmp_path).write_bytes(data.replace(b"mine", b"ours"))
    with pytest.raises(StoreError, match="changed since it was written"):
        read_reading(tmp_path)
