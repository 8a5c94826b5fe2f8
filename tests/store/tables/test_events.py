from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS
from shapely.geometry import box

from changen_cli.errors import StoreError
from changen_cli.events.base import Change
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.tables.events import events_bytes, write_events


@pytest.fixture
def path(tmp_path: Path, run_store: Callable[..., None], spec: StoreSpec, outcomes: list[Outcome]) -> Path:
    run_store("levir", tmp_path, spec, outcomes)
    return tmp_path / "events.parquet"


def test_geopandas_reads_one_row_per_change(path: Path, outcomes: list[Outcome]) -> None:
    frame = geopandas.read_parquet(path)
    assert frame.crs.to_string() == "OGC:CRS84"
    assert frame["event"].tolist() == ["relocate", "create", "remove"] * 2
    assert frame["step"].tolist() == [1, 1, 2] * 2
    assert frame["uid"].tolist() == [2, 4, 3] * 2
    assert frame["category"].tolist() == [2, 1, 1] * 2
    assert frame["sample"].unique().tolist() == ["kampala__r0_c0", "jinja__r1_c0"]
    assert frame["geometry_before"].isna().tolist() == [False, True, False] * 2
    assert frame["geometry_after"].isna().tolist() == [False, False, True] * 2


def test_geometries_lie_where_the_pixels_do(path: Path, outcomes: list[Outcome]) -> None:
    frame = geopandas.read_parquet(path)
    series = outcomes[0].series
    assert series is not None
    back = geopandas.GeoSeries(frame["geometry"].iloc[:3], crs=frame.crs).to_crs(32736)
    for row, change in enumerate(change for step in series.history.changes for change in step):
        pixels = shapely.union_all([f.polygon for f in (change.before, change.after) if f is not None])
        ground = shapely.transform(pixels, lambda xy: xy * [0.5, -0.5] + [450000, 9990000])
        assert back.iloc[row].symmetric_difference(ground).area < 1e-3
        stored = frame["pixels_after"].iloc[row]
        assert (stored is None) == (change.after is None)
        if change.after is not None:
            assert shapely.from_wkb(stored).equals_exact(change.after.polygon, 0)


def test_geoparquet_metadata(path: Path) -> None:
    geo = json.loads(pq.read_schema(path).metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["primary_column"] == "geometry"
    assert set(geo["columns"]) == {"geometry", "geometry_before", "geometry_after"}
    assert all(column["encoding"] == "WKB" and "crs" not in column for column in geo["columns"].values())


def test_gdal_reads_it(path: Path) -> None:
    if "Parquet" not in pyogrio.list_drivers():
        pytest.skip("this GDAL is built without the Parquet driver")
    assert len(pyogrio.read_dataframe(path)) == 6


def test_without_georeference_the_geometry_is_in_pixels(
    tmp_path: Path, run_store: Callable[..., None], make_series: Callable[..., Series]
) -> None:
    series = make_series(0, crs=None)
    run_store("levir", tmp_path, StoreSpec(1, 2, 24, 40, 1), [Outcome(series.id, Status.DONE, series=series)])
    frame = geopandas.read_parquet(tmp_path / "events.parquet")
    assert frame.crs is None
    assert frame["geometry"].iloc[2].equals(box(14, 2, 18, 8))
    assert frame["geometry_after"].isna().tolist() == [False, False, True]


def test_samples_with_and_without_georeference(
    tmp_path: Path, run_store: Callable[..., None], make_series: Callable[..., Series]
) -> None:
    both = [make_series(0), make_series(1, crs=None), make_series(2, crs=CRS.from_epsg(3857).to_wkt())]
    outcomes = [Outcome(series.id, Status.DONE, series=series) for series in both]
    run_store("levir", tmp_path, StoreSpec(3, 2, 24, 40, 1), outcomes)
    frame = geopandas.read_parquet(tmp_path / "events.parquet")
    assert frame["geometry"].isna().tolist() == [False] * 3 + [True] * 3 + [False] * 3
    assert frame["pixels_before"].notna().tolist() == [True, False, True] * 3


def test_no_change_at_all(tmp_path: Path, run_store: Callable[..., None], make_series: Callable[..., Series]) -> None:
    series = make_series(0, flat=True)
    run_store("levir", tmp_path, StoreSpec(1, 2, 24, 40, 1), [Outcome(series.id, Status.DONE, series=series)])
    assert len(geopandas.read_parquet(tmp_path / "events.parquet")) == 0


def test_row_groups_do_not_depend_on_shards(tmp_path: Path, outcomes: list[Outcome]) -> None:
    contents = []
    for number, parts in enumerate(([outcomes], [outcomes[:1], outcomes[1:3], outcomes[3:]])):
        root = tmp_path / str(number)
        root.mkdir()
        for place, part in enumerate(parts):
            (root / f"{place}.parquet").write_bytes(events_bytes(part))
        shards = [root / f"{place}.parquet" for place in range(len(parts))]
        assert write_events(root, shards, georeferenced=True, rows_per_group=4) == 6
        metadata = pq.read_metadata(root / "events.parquet")
        assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [4, 2]
        contents.append((root / "events.parquet").read_bytes())
    assert contents[0] == contents[1]


def test_a_damaged_shard_names_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "000003.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match=r"000003\.parquet.*delete 000003\.json"):
        write_events(tmp_path, [tmp_path / "000003.parquet"], georeferenced=True)
    assert not (tmp_path / "events.parquet").exists()


def test_a_change_of_nothing_is_refused(make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    empty = replace(series, history=replace(series.history, changes=((Change("flood", 1, None, None),), ())))
    with pytest.raises(StoreError, match="'flood'"):
        events_bytes([Outcome(series.id, Status.DONE, series=empty)])


def test_affine_moves_the_right_way() -> None:
    from changen_cli.store.tables.geography import to_lonlat

    wkt = CRS.from_epsg(4326).to_wkt()
    moved = to_lonlat([box(0, 0, 2, 1)], [(Affine(0.1, 0, 30.0, 0, -0.1, 5.0), wkt)])[0]
    assert moved is not None
    assert moved.bounds == pytest.approx((30.0, 4.9, 30.2, 5.0))
