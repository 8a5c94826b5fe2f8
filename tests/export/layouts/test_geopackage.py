from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest

from changen_cli.errors import UsageError
from changen_cli.export.layouts.geopackage import CREATED, REMOVED, event_colours
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from tests.export.conftest import SAMPLES, Export


def test_geopandas_reads_both_layers(run: Export, stores: Path) -> None:
    path = run("geopackage", name="changes.gpkg")
    found = geopandas.read_file(path, layer="changes")
    wanted = geopandas.read_parquet(stores / "zarr" / "events.parquet")
    assert found.crs == "EPSG:4326"
    assert list(found["event"]) == list(wanted["event"])
    assert list(found["split"]) == ["train"] * 3 + ["test"] * 3
    assert np.allclose(found.total_bounds, wanted.total_bounds)
    assert all(one.equals(other) for one, other in zip(found.geometry, wanted.geometry, strict=True))
    samples = geopandas.read_file(path, layer="samples")
    assert sorted(samples["sample"]) == sorted(SAMPLES)
    assert set(samples.geom_type) == {"MultiPolygon"}


def test_a_split_alone(run: Export) -> None:
    path = run("geopackage", name="test.gpkg", split="test")
    assert set(geopandas.read_file(path, layer="changes")["sample"]) == {SAMPLES[2]}
    assert list(geopandas.read_file(path, layer="samples")["sample"]) == [SAMPLES[2]]


def test_qgis_finds_its_styles(run: Export) -> None:
    path = run("geopackage", name="changes.gpkg")
    with sqlite3.connect(path) as database:
        rows = database.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles ORDER BY id"
        ).fetchall()
        columns = dict(database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall())
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    assert {layer: column for layer, column, _, _ in rows} == columns
    assert [default for _, _, default, _ in rows] == [1, 1]
    assert all(f'value="{event}"' in rows[0][3] for event in ("create", "relocate", "remove"))
    assert {name for name, _ in pyogrio.list_layers(path)} == {"changes", "samples", "layer_styles"}


def test_the_same_output_gives_the_same_bytes(run: Export) -> None:
    assert run("geopackage", name="a.gpkg").read_bytes() == run("geopackage", name="b.gpkg").read_bytes()


def test_an_output_without_a_place_is_refused(
    make_series: Callable[..., Series], run_store: Callable[..., None], tmp_path: Path, run: Export
) -> None:
    series = make_series(0, crs=None)
    spec = StoreSpec(samples=1, steps=2, height=24, width=40, shard_samples=1)
    run_store("zarr", tmp_path / "store", spec, [Outcome(series.id, Status.DONE, series=series)])
    with pytest.raises(UsageError, match="no series is georeferenced"):
        run("geopackage", str(tmp_path / "store"))
    assert not list(tmp_path.glob("*.work"))


def test_events_have_colours_by_what_they_do() -> None:
    doing = {"grow": {(True, True)}, "build": {(False, True)}, "raze": {(True, False)}, "turn": {(True, True)}}
    colours = event_colours(doing)
    assert (colours["build"], colours["raze"]) == (CREATED, REMOVED)
    assert len(set(colours.values())) == 4
