from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from changen_cli import open_series
from changen_cli.export.layouts.parquet import schema
from tests.export.conftest import SAMPLES, Export

datasets = pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")


@pytest.mark.parametrize("format", ["zarr", "levir"])
def test_datasets_reads_pairs(run: Export, stores: Path, tmp_path: Path, format: str) -> None:
    root = run("parquet", format, shard_items=3)
    assert sorted(path.name for path in (root / "data").iterdir()) == [
        "test-00000-of-00001.parquet",
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
    ]
    data = datasets.load_dataset(str(root), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in data.items()} == {"train": 4, "test": 2}
    (series,) = open_series(stores / "zarr", "test")
    row = data["test"][1]
    assert np.array_equal(np.asarray(row["after"]).transpose(2, 0, 1), series.image[2])
    assert np.array_equal(np.asarray(row["label"]), series.change[1] * 255)
    assert (row["series"], row["time_before"], row["events"]) == (SAMPLES[2], 1, ["remove"])
    assert row["transform"] == list(series.transform or ())[:6]
    assert ("mask_after" in row) == (format == "zarr")


def test_pictures_are_declared() -> None:
    features = datasets.Features.from_arrow_schema(schema(["before"]))
    assert isinstance(features["before"], datasets.Image)
    assert features["events"].feature.dtype == "string"
