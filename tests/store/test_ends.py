from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from changen_cli import open_series
from changen_cli.errors import StoreError
from changen_cli.files import checksum
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.ends import ends_path, read_ends, write_ends

Run = Callable[..., None]


def test_checksums_come_back(tmp_path: Path) -> None:
    files = {"samples.parquet": checksum(b"1"), "image/zarr.json": checksum(b"22")}
    write_ends(tmp_path, files)
    assert read_ends(tmp_path) == files


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../b", ""])
def test_no_path_leads_out_of_the_output(tmp_path: Path, name: str) -> None:
    write_ends(tmp_path, {name: checksum(b"1")})
    with pytest.raises(StoreError, match="no path in an output"):
        read_ends(tmp_path)


def test_damaged_checksums_name_the_remedy(tmp_path: Path) -> None:
    write_ends(tmp_path, {"a": checksum(b"1")})
    path = ends_path(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"1 ', b'"2 '))
    with pytest.raises(StoreError, match=r"files\.json: it has changed.*changen verify .* --repair"):
        read_ends(tmp_path)


@pytest.mark.parametrize("name", ["manifest.json", "zarr.json", "mask/zarr.json"])
def test_an_output_with_other_metadata_is_not_read(
    tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome], name: str
) -> None:
    run_store("zarr", tmp_path, spec, outcomes)
    path = tmp_path / name
    values = json.loads(path.read_bytes())
    values["fill_value" if name.startswith("mask") else "more"] = 1
    path.write_text(json.dumps(values))
    with pytest.raises(StoreError, match=rf"{name} has changed since changen wrote it.*--repair"):
        open_series(tmp_path)
    ends_path(tmp_path).unlink()  # an output may be passed on without its records
    if name != "manifest.json":
        open_series(tmp_path)
