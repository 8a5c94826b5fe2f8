from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from changen_cli import open_series
from tests.export.conftest import SAMPLES, Export

datasets = pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")


@pytest.mark.parametrize("format", ["zarr", "levir"])
def test_datasets_reads_pairs(run: Export, stores: Path, tmp_path: Path, format: str) -> None:
    data = datasets.load_dataset(str(run("imagefolder", format)), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in data.items()} == {"train": 4, "test": 2}
    row = data["test"][0]
    (series,) = open_series(stores / "zarr", "test")
    assert np.array_equal(np.asarray(row["before"]).transpose(2, 0, 1), series.image[0])
    assert np.array_equal(np.asarray(row["after"]).transpose(2, 0, 1), series.image[1])
    assert np.array_equal(np.asarray(row["label"]), series.change[0] * 255)
    assert (row["series"], row["time_after"], row["events"]) == (SAMPLES[2], 1, "relocate,create")
    if format == "zarr":
        assert series.mask is not None
        assert np.array_equal(np.asarray(row["mask_after"]), series.mask[1])
    else:
        assert "mask_after" not in row


def test_it_is_an_imagefolder_by_name_too(run: Export, tmp_path: Path) -> None:
    root = run("imagefolder")
    data = datasets.load_dataset("imagefolder", data_dir=str(root), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in data.items()} == {"train": 4, "test": 2}
    assert "before" in data["train"].column_names
