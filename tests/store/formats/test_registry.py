from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.store.base import StoreSpec
from changen_cli.store.formats.registry import FORMATS, make_writer

SPEC = StoreSpec(3, 1, 16, 16, 2)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_has_a_writer_that_can_be_pickled(tmp_path: Path, format: str) -> None:
    writer = make_writer(format, str(tmp_path / "out"), SPEC)
    assert writer.format == format
    assert pickle.loads(pickle.dumps(writer)) == writer
    assert not (tmp_path / "out").exists()


def test_the_default_comes_first() -> None:
    assert FORMATS == ("zarr", "geotiff", "levir")


def test_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unknown format 'hdf5'; choose one of zarr, geotiff, levir"):
        make_writer("hdf5", tmp_path, SPEC)


@pytest.mark.parametrize("spec", [StoreSpec(0, 1, 16, 16, 2), StoreSpec(3, 0, 16, 16, 2), StoreSpec(3, 1, 16, 16, 0)])
def test_an_empty_store_is_refused(tmp_path: Path, spec: StoreSpec) -> None:
    with pytest.raises(StoreError, match="at least 1"):
        make_writer("zarr", tmp_path, spec)
