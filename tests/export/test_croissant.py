"""``croissant.json`` read by mlcroissant, which validates it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from changen_cli import open_series
from changen_cli.export.croissant import describe
from changen_cli.export.options import ExportOptions
from changen_cli.export.source import Source
from changen_cli.reporter import Silent
from tests.export.conftest import Export

mlcroissant = pytest.importorskip("mlcroissant", reason="the reader of Croissant is not installed")


def test_mlcroissant_reads_the_pairs(run: Export, stores: Path) -> None:
    read = mlcroissant.Dataset(run("parquet") / "croissant.json")
    assert not read.metadata.issues.errors
    assert [one.uuid for one in read.metadata.record_sets] == ["train-00000-of-00001", "test-00000-of-00001"]
    records = list(read.records("test-00000-of-00001"))
    (series,) = open_series(stores / "zarr", "test")
    assert len(records) == 2
    first = {name.rpartition("/")[2]: value for name, value in records[0].items()}
    assert first["id"].decode() == f"{series.id}__t0_t1"
    assert np.array_equal(np.asarray(first["after"]).transpose(2, 0, 1), series.image[1])
    assert series.mask is not None
    assert np.array_equal(np.asarray(first["mask_after"]), series.mask[1])


def test_a_file_that_changed_is_noticed(run: Export) -> None:
    root = run("parquet")
    file = root / "data" / "test-00000-of-00001.parquet"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(Exception, match="Download"):
        list(mlcroissant.Dataset(root / "croissant.json").records("test-00000-of-00001"))


def test_names_have_no_odd_letters(stores: Path, tmp_path: Path) -> None:
    source = Source(ExportOptions(series=str(stores / "zarr"), layout="parquet", output="unused"), Silent())
    assert '"name": "a-b--c"' in describe("a/b: c", source, [], [])
