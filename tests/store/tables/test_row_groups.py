"""Small tables joined to row groups of one size, and rows read back from where they stand."""

from __future__ import annotations

import pickle
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from changen_cli.errors import StoreError
from changen_cli.store.tables.row_groups import RowReader, SampleReader, join_shards, write_joined

SCHEMA = pa.schema([("name", pa.string()), ("value", pa.int32())])
NAMES = ["a"] * 3 + ["b"] * 5 + ["c"]


def write_parts(folder: Path, *sizes: int) -> list[Path]:
    paths, start = [], 0
    for number, size in enumerate(sizes):
        stop = start + size
        paths.append(folder / f"{number:06d}.parquet")
        pq.write_table(pa.table({"name": NAMES[start:stop], "value": list(range(start, stop))}, SCHEMA), paths[-1])
        start = stop
    return paths


@pytest.fixture
def reader(tmp_path: Path) -> RowReader:
    (part,) = write_parts(tmp_path, 9)
    whole = tmp_path / "whole.parquet"
    pq.write_table(pq.read_table(part), whole, row_group_size=4)
    return RowReader(whole)


@pytest.mark.parametrize("sizes", [(9,), (1, 0, 8), (3, 3, 3)])
def test_groups_do_not_depend_on_the_parts(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    groups = list(join_shards(write_parts(tmp_path, *sizes), SCHEMA, 4))
    assert [group.num_rows for group in groups] == [4, 4, 1]
    assert pa.concat_tables(groups)["value"].to_pylist() == list(range(9))


def test_a_part_that_cannot_be_read_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"000007\.looks\.parquet.*delete 000007\.json beside it"):
        list(join_shards([tmp_path / "000007.looks.parquet"], SCHEMA))


@pytest.mark.parametrize(("first", "last"), [(0, 9), (2, 3), (3, 5), (4, 8), (7, 9)])
def test_rows_by_place(reader: RowReader, first: int, last: int) -> None:
    for again in (reader, pickle.loads(pickle.dumps(reader))):
        table = again.rows(first, last, ["value"])
        assert table.column_names == ["value"]
        assert table["value"].to_pylist() == list(range(first, last))


def test_runs_go_on_over_row_groups(reader: RowReader) -> None:
    assert reader.runs("name") == {"a": (0, 3), "b": (3, 8), "c": (8, 9)}


def test_values_of_all_row_groups(reader: RowReader) -> None:
    assert reader.values("name") == ["a", "b", "c"]


def test_a_damaged_table_is_named(reader: RowReader) -> None:
    data = bytearray(reader.path.read_bytes())
    data[4:300] = bytes(296)
    reader.path.write_bytes(data)
    with pytest.raises(StoreError, match=r"cannot read .*whole\.parquet.*run the same changen command again"):
        reader.rows(0, 9, ["name"])
    with pytest.raises(StoreError, match=r"cannot read .*whole\.parquet"):
        reader.runs("name")


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot read .*looks\.parquet"):
        RowReader(tmp_path / "looks.parquet").rows(0, 1, ["value"])


def test_no_shard_with_a_table_makes_no_file(tmp_path: Path) -> None:
    schema = pa.schema([("sample", pa.string()), ("value", pa.int64())])
    assert write_joined(tmp_path, "all.parquet", [tmp_path / "0.parquet"], schema, ["sample"], 4) is None
    assert not list(tmp_path.iterdir())


def test_rows_of_a_sample_are_read_back_from_the_joined_file(tmp_path: Path) -> None:
    schema = pa.schema([("sample", pa.string()), ("value", pa.int64())])
    shards = [tmp_path / f"{number}.parquet" for number in range(2)]
    for number, path in enumerate(shards):
        rows = [{"sample": f"s{number}{k // 3}", "value": 10 * number + k} for k in range(6)]
        pq.write_table(pa.Table.from_pylist(rows, schema), path)
    last = write_joined(tmp_path, "all.parquet", shards, schema, ["sample"], 4)
    assert last is not None
    assert last.num_rows == 4
    reader = pickle.loads(pickle.dumps(SampleReader(tmp_path / "all.parquet")))
    found = reader.rows_of("s10", ["value"])
    assert found["value"].to_pylist() == [10, 11, 12]
    assert reader.rows_of("nobody", ["value"]) is None
