from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from changen_cli import open_series
from changen_cli.export.export import export_series
from changen_cli.export.options import ExportOptions
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from tests.export.conftest import Export

webdataset = pytest.importorskip("webdataset", reason="webdataset is not installed")


def read(*files: Path) -> list[dict[str, object]]:
    return list(webdataset.WebDataset([str(path) for path in files], shardshuffle=False).decode("rgb8"))


@pytest.mark.parametrize("format", ["zarr", "levir"])
def test_webdataset_reads_pairs(run: Export, stores: Path, format: str) -> None:
    root = run("webdataset", format, shard_items=3)
    names = sorted(path.name for path in root.glob("*.tar"))
    assert names == ["test-000000.tar", "train-000000.tar", "train-000001.tar"]
    assert len(read(root / "train-000000.tar", root / "train-000001.tar")) == 4
    first, _ = read(root / "test-000000.tar")
    (series,) = open_series(stores / "zarr", "test")
    assert first["__key__"] == f"{series.id}__t0_t1"
    assert np.array_equal(np.asarray(first["after.png"]).transpose(2, 0, 1), series.image[1])
    assert np.array_equal(np.asarray(first["label.png"])[..., 0], series.change[0] * 255)
    told = first["json"]
    assert isinstance(told, dict)
    assert told["events"] == ["relocate", "create"]
    assert ("mask_after.png" in first) == (format == "zarr")


def test_a_dot_does_not_end_a_key(
    make_series: Callable[..., Series], run_store: Callable[..., None], tmp_path: Path
) -> None:
    series = make_series(0, scene="v1.5")
    spec = StoreSpec(samples=1, steps=2, height=24, width=40, shard_samples=1)
    run_store("zarr", tmp_path / "store", spec, [Outcome(series.id, Status.DONE, series=series)])
    export_series(ExportOptions(series=str(tmp_path / "store"), layout="webdataset", output=str(tmp_path / "out")))
    first, second = read(tmp_path / "out" / "train-000000.tar")
    assert first["__key__"] == "v1%2E5__r0_c0__t0_t1"
    assert second["__key__"] == "v1%2E5__r0_c0__t1_t2"
    assert "before.png" in first
