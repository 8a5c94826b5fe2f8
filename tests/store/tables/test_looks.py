"""Looks of series, to the table and back."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from changen_cli.errors import StoreError
from changen_cli.store.base import Outcome, StoreSpec
from changen_cli.store.formats.registry import find_formats
from changen_cli.store.journal import Journal
from changen_cli.store.records import looks_path
from changen_cli.store.series import open_series
from changen_cli.store.tables.looks import SCHEMA, LooksReader, looks_bytes, write_looks

Run = Callable[..., None]


@pytest.mark.parametrize("format", find_formats())
def test_looks_come_back_in_every_format(
    tmp_path: Path, run_store: Run, spec: StoreSpec, with_looks: list[Outcome], format: str
) -> None:
    run_store(format, tmp_path, spec, with_looks)
    data = open_series(tmp_path)
    assert data.look_dim == data.manifest["store"]["look_dim"] == 3
    done = [outcome.series for outcome in with_looks if outcome.series is not None]
    each = len(data) // len(done)
    for item, sample in enumerate(data):
        expected = done[item // each].looks
        for looks in (sample.looks, pickle.loads(pickle.dumps(sample)).looks):
            assert expected is not None
            assert looks is not None
            np.testing.assert_array_equal(looks.uids, expected.uids)
            np.testing.assert_array_equal(looks.codes, expected.codes)
            np.testing.assert_array_equal(looks.ground, expected.ground)
            assert looks.codes.shape == (len(looks.uids), 3)
    assert data.looks_of("kampala__r2_c0") is None


def test_rows_are_sorted_and_say_what_they_are(
    tmp_path: Path, run_store: Run, spec: StoreSpec, with_looks: list[Outcome]
) -> None:
    run_store("levir", tmp_path, spec, with_looks)
    table = pq.read_table(tmp_path / "looks.parquet")
    assert table.schema.equals(SCHEMA)
    rows = table.to_pylist()
    assert [(row["uid"], row["step"]) for row in rows[:7]] == [
        (0, 0),
        (0, 1),
        (0, 2),
        *((u, None) for u in (1, 2, 3, 4)),
    ]
    assert list(dict.fromkeys(row["sample"] for row in rows)) == ["kampala__r0_c0", "jinja__r1_c0", "kampala__r4_c0"]


def test_without_looks_nothing_is_written(
    tmp_path: Path, run_store: Run, spec: StoreSpec, outcomes: list[Outcome]
) -> None:
    run_store("geotiff", tmp_path, spec, outcomes)
    assert looks_bytes(outcomes) is None
    assert not list(tmp_path.rglob("*looks*"))
    data = open_series(tmp_path)
    assert data.look_dim == 0
    assert "look_dim" not in data.manifest["store"]
    assert data[0].looks is None


def test_row_groups_do_not_depend_on_shards(tmp_path: Path, with_looks: list[Outcome]) -> None:
    contents = []
    for number, parts in enumerate(([with_looks], [with_looks[:1], with_looks[1:2], with_looks[4:]])):
        root = tmp_path / str(number)
        root.mkdir()
        shards = [root / f"{place}.looks.parquet" for place in range(len(parts))]
        for path, part in zip(shards, parts, strict=True):
            data = looks_bytes(part)
            assert data is not None
            path.write_bytes(data)
        assert write_looks(root, shards, rows_per_group=5) == 3
        assert pq.read_metadata(root / "looks.parquet").row_group(0).num_rows == 5
        contents.append((root / "looks.parquet").read_bytes())
    assert contents[0] == contents[1]
    second = with_looks[1].series
    assert second is not None
    assert second.looks is not None
    found = LooksReader(tmp_path / "0").read("jinja__r1_c0")
    assert found is not None
    np.testing.assert_array_equal(found.codes, second.looks.codes)


def test_a_lost_shard_names_the_remedy(
    tmp_path: Path, run_store: Run, spec: StoreSpec, with_looks: list[Outcome]
) -> None:
    run_store("levir", tmp_path, spec, with_looks)
    looks_path(tmp_path, 2).unlink()
    with pytest.raises(StoreError, match=r"000002\.looks\.parquet.*delete 000002\.json"):
        run_store("levir", tmp_path, spec, with_looks)
    with Journal(tmp_path) as journal:
        assert journal.done() == {0, 1, 2}
    (tmp_path / "looks.parquet").unlink()
    with pytest.raises(StoreError, match=r"cannot read .*looks\.parquet.*same changen command"):
        open_series(tmp_path).looks_of("kampala__r0_c0")


def test_looks_of_another_shape_are_refused(
    tmp_path: Path, run_store: Run, spec: StoreSpec, with_looks: list[Outcome]
) -> None:
    series = with_looks[0].series
    assert series is not None
    assert series.looks is not None
    wrong = replace(series, looks=replace(series.looks, ground=series.looks.ground[:2]))
    with pytest.raises(StoreError, match=r"kampala__r0_c0: looks are \[4, 3\] of 4 objects and \[2, 3\] of the ground"):
        run_store("levir", tmp_path, spec, [replace(with_looks[0], series=wrong), *with_looks[1:]])
