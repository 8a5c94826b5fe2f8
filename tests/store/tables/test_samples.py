from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas
import pyarrow.parquet as pq
import pytest
from shapely.geometry import box

from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.journal import Journal
from changen_cli.store.tables.samples import write_samples


@pytest.mark.parametrize("format", ["zarr", "geotiff", "levir"])
def test_one_row_per_sample_in_every_format(
    tmp_path: Path, run_store: Callable[..., None], spec: StoreSpec, outcomes: list[Outcome], format: str
) -> None:
    run_store(format, tmp_path, spec, outcomes)
    frame = geopandas.read_parquet(tmp_path / "samples.parquet")
    assert frame.crs.to_string() == "OGC:CRS84"
    assert frame["sample"].tolist() == [outcome.id for outcome in outcomes]
    assert frame["status"].tolist() == ["done", "done", "skipped", "failed", "done"]
    assert frame["reason"].iloc[3] == "kampala.tif: tile r3_c0 cannot be read"
    assert frame["changes"].tolist() == [3, 3, 0, 0, 0]
    assert frame["split"].tolist()[:2] == ["train", "test"]
    assert frame["transform"].iloc[0].tolist() == [0.5, 0, 450000, 0, -0.5, 9990000]
    ground = frame.geometry.iloc[[0]].to_crs(32736).iloc[0]
    assert ground.symmetric_difference(box(450000, 9990000 - 12, 450020, 9990000)).area < 1e-3
    assert frame.geometry.isna().tolist() == [False, False, True, True, False]


def test_row_groups_are_streamed(
    tmp_path: Path, run_store: Callable[..., None], spec: StoreSpec, outcomes: list[Outcome]
) -> None:
    run_store("levir", tmp_path, spec, outcomes)
    whole = geopandas.read_parquet(tmp_path / "samples.parquet")
    assert write_samples(tmp_path, spec, Journal(tmp_path).samples(), rows_per_group=2) is True
    assert pq.read_metadata(tmp_path / "samples.parquet").num_row_groups == 3
    again = geopandas.read_parquet(tmp_path / "samples.parquet")
    assert again["sample"].tolist() == whole["sample"].tolist()
    assert again.geometry.geom_equals(whole.geometry).tolist() == [True, True, False, False, True]
