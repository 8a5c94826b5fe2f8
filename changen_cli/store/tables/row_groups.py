"""Tables that are joined from those of the shards, and read back a few rows at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from changen_cli.errors import StoreError
from changen_cli.files import ObjectPath, open_read, replacing

ROWS_PER_GROUP = 16384
"""Rows of a row group, and the most that are held at a time."""


def join_shards(shards: Iterable[Path], schema: pa.Schema, size: int = ROWS_PER_GROUP) -> Iterator[pa.Table]:
    """Yields the rows of many small files in tables of one row group each, so that their bounds depend on nothing.

    Args:
        shards: The Parquet files of the shards, in order.
        schema: Of all of them.
        size: Rows of a table; the last one has what is left.

    Raises:
        StoreError: If a file cannot be read; the message tells how to have its shard written again.
    """
    waiting: list[pa.Table] = []
    rows = 0
    for path in shards:
        try:
            with open_read(path) as file:
                table = pq.read_table(file, schema=schema)
        except (OSError, pa.ArrowException) as error:
            raise StoreError(
                f"cannot read {path}: {_in_one_line(error)}; delete {path.name.partition('.')[0]}.json beside it and "
                "run the same command again to write this shard anew"
            ) from error
        waiting.append(table)
        rows += table.num_rows
        while rows >= size:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, size).combine_chunks()
            waiting, rows = [joined.slice(size)], rows - size
    if rows:
        yield pa.concat_tables(waiting).combine_chunks()


def write_joined(
    root: Path, name: str, shards: Sequence[Path], schema: pa.Schema, repeated: Sequence[str], size: int
) -> pa.Table | None:
    """Joins the tables of the shards into one file, whole or not at all; writes none if no shard has one.

    Args:
        root: The output.
        name: Of the file.
        shards: What the tables of the shards that have series are called, in order.
        schema: Of all of them.
        repeated: Columns whose values repeat, and are worth a dictionary.
        size: Rows of a row group, and the most that are held at a time.

    Returns:
        The last row group, without a row where no shard has any; None where no file was written.

    Raises:
        StoreError: If a shard's table is missing while others are there, or cannot be read, or the disk is full or not
            writable.
    """
    if not any(path.exists() for path in shards):
        return None
    last = schema.empty_table()
    with (
        replacing(root, root / name) as path,
        pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=list(repeated)) as writer,
    ):
        for last in join_shards(shards, schema, size):
            writer.write_table(last, row_group_size=size)
    return last


def _in_one_line(error: Exception) -> str:
    """Returns the message of an error; those of Arrow have several lines."""
    return " ".join(str(error).split())


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Says which file cannot be read, and what to do."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"cannot read {path}: {_in_one_line(error)}; run the same changen command again") from error


class RowReader:
    """Reads rows of a Parquet file by their place; opened when it is first used."""

    def __init__(self, path: Path) -> None:
        """Names the file."""
        self.path = path

    def __getstate__(self) -> dict[str, object]:
        """Leaves out the open file, which cannot be pickled."""
        return {"path": self.path}

    @cached_property
    def _file(self) -> pq.ParquetFile:
        with _reading(self.path):
            return pq.ParquetFile(open_read(self.path) if isinstance(self.path, ObjectPath) else self.path)

    @cached_property
    def _first_rows(self) -> list[int]:
        """The first row of each row group, and the number of all rows."""
        metadata = self._file.metadata
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        return [0, *np.cumsum(sizes).tolist()]

    def rows(self, first: int, last: int, columns: Sequence[str]) -> pa.Table:
        """Reads rows ``first`` to ``last - 1``, and no row group beside theirs.

        Args:
            first: Not negative.
            last: Above ``first``, at most the number of rows.
            columns: Names of the columns.

        Raises:
            StoreError: If the file is missing or damaged.
        """
        group = bisect_right(self._first_rows, first) - 1
        final = bisect_right(self._first_rows, last - 1)
        with _reading(self.path):
            table = self._file.read_row_groups(list(range(group, final)), columns=list(columns))
        return table.slice(first - self._first_rows[group], last - first)

    def values(self, column: str) -> list[str]:
        """Lists the values of a column of texts, each once, in order; one row group is held at a time.

        Raises:
            StoreError: If the file is missing or damaged.
        """
        found: set[str] = set()
        for group in range(len(self._first_rows) - 1):
            with _reading(self.path):
                found.update(self._file.read_row_group(group, columns=[column])[column].unique().to_pylist())
        return sorted(found)

    def runs(self, column: str) -> dict[str, tuple[int, int]]:
        """Finds the rows of every value of a column of texts whose equal values stand together.

        Returns:
            First row and the row after the last, by value.

        Raises:
            StoreError: If the file is missing or damaged.
        """
        found: dict[str, tuple[int, int]] = {}
        row = 0
        for group in range(len(self._first_rows) - 1):
            with _reading(self.path):
                values = self._file.read_row_group(group, columns=[column])[column]
            for entry in values.value_counts().to_pylist():
                first, _ = found.get(entry["values"], (row, row))
                row += entry["counts"]
                found[entry["values"]] = (first, row)
        return found


class SampleReader:
    """Reads a table whose rows of a sample stand together; opened when it is first used."""

    def __init__(self, path: Path) -> None:
        """Names the file."""
        self._rows = RowReader(path)

    def __getstate__(self) -> dict[str, object]:
        """Leaves out where the samples stand, which is long and soon found again."""
        return {"_rows": self._rows}

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        return self._rows.runs("sample")

    def rows_of(self, sample: str, columns: Sequence[str]) -> pa.Table | None:
        """Reads the rows of a sample; None if it has none.

        Args:
            sample: Id of the sample.
            columns: Names of the columns.

        Raises:
            StoreError: If the file is missing or damaged.
        """
        place = self._places.get(sample)
        return None if place is None else self._rows.rows(*place, columns)
