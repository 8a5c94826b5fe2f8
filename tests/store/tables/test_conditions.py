"""Conditions of series, to the table and back."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from changen_cli.errors import StoreError
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.formats.registry import find_formats
from changen_cli.store.records import conditions_path
from changen_cli.store.series import open_series
from changen_cli.store.tables.conditions import SCHEMA, ConditionsReader, conditions_bytes, write_conditions

Run = Callable[..., None]


@pytest.mark.parametrize("format", find_formats())
def test_conditions_come_back_in_every_format(
    tmp_path: Path, run_store: Run, spec: StoreSpec, with_conditions: list[Outcome], format: str
) -> None:
    run_store(format, tmp_path, spec, with_conditions)
    data = open_series(tmp_path)
    assert data.has_conditions
    done = [outcome.series for outcome in with_conditions if outcome.series is not None]
    each = len(data) // len(done)
    for item, sample in enumerate(data):
        expected = [done[item // each].conditions[time] for time in sample.times]
        assert list(sample.conditions) == expected
        assert list(sample.conditions[0]) == ["registration", "haze"], "in the order in which they were applied"
        assert pickle.loads(pickle.dumps(sample)).conditions == sample.conditions


def test_the_table_says_what_was_done_when(
    tmp_path: Path, run_store: Run, spec: StoreSpec, with_conditions: list[Outcome]
) -> None:
    run_store("levir", tmp_path, spec, with_conditions)
    table = pq.read_table(tmp_path / "conditions.parquet")
    assert table.schema.equals(SCHEMA)
    rows = table.to_pylist()
    assert len(rows) == 3 * 3 * 3
    assert rows[9] == {
        "sample": "jinja__r1_c0", "step": 0, "condition": "registration", "number": "shift", "values": [0.5, 0.0],
    }  # fmt: skip
    assert list(dict.fromkeys(row["sample"] for row in rows)) == ["kampala__r0_c0", "jinja__r1_c0", "kampala__r4_c0"]


def test_without_conditions_nothing_is_written(
    tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]
) -> None:
    run_store("geotiff", tmp_path, spec, outcomes)
    assert conditions_bytes(outcomes) is None
    assert not list(tmp_path.rglob("*conditions*"))
    data = open_series(tmp_path)
    assert not data.has_conditions
    assert "conditions" not in data.manifest["store"]
    assert data[0].conditions == ()


def test_row_groups_do_not_depend_on_shards(tmp_path: Path, with_conditions: list[Outcome]) -> None:
    contents = []
    for number, parts in enumerate(
        ([with_conditions], [with_conditions[:1], with_conditions[1:2], with_conditions[4:]])
    ):
        root = tmp_path / str(number)
        root.mkdir()
        shards = [root / f"{place}.conditions.parquet" for place in range(len(parts))]
        for path, part in zip(shards, parts, strict=True):
            data = conditions_bytes(part)
            assert data is not None
            path.write_bytes(data)
        assert write_conditions(root, shards, rows_per_group=5)
        assert pq.read_metadata(root / "conditions.parquet").row_group(0).num_rows == 5
        contents.append((root / "conditions.parquet").read_bytes())
    assert contents[0] == contents[1]
    second = with_conditions[1].series
    assert second is not None
    reader = ConditionsReader(tmp_path / "0")
    assert reader.read("jinja__r1_c0", (2, 0)) == (second.conditions[2], second.conditions[0])
    assert reader.read("nowhere", (0, 1)) == ({}, {})


def test_a_lost_shard_and_a_lost_table_name_the_remedy(
    tmp_path: Path, run_store: Run, spec: StoreSpec, with_conditions: list[Outcome]
) -> None:
    run_store("levir", tmp_path, spec, with_conditions)
    conditions_path(tmp_path, 2).unlink()
    with pytest.raises(StoreError, match=r"000002\.conditions\.parquet.*delete 000002\.json"):
        run_store("levir", tmp_path, spec, with_conditions)
    (tmp_path / "conditions.parquet").unlink()
    with pytest.raises(StoreError, match=r"cannot read .*conditions\.parquet.*same changen command"):
        _ = open_series(tmp_path)[0].conditions


def test_conditions_of_too_few_dates_are_refused(
    tmp_path: Path, run_store: Run, spec: StoreSpec, with_conditions: list[Outcome]
) -> None:
    series = with_conditions[0].series
    assert series is not None
    wrong = replace(with_conditions[0], series=replace(series, conditions=series.conditions[:2]))
    with pytest.raises(StoreError, match="kampala__r0_c0: conditions are of 2 dates, the store has 3"):
        run_store("levir", tmp_path, spec, [wrong, *with_conditions[1:]])
