"""The table of conditions: ``conditions.parquet``, what was done to each image of a series besides the change.

========= ============= ==============================================================================================
column    type          values
========= ============= ==============================================================================================
sample    string        Id of the sample
step      int32         Date of the image, 0 .. steps
condition string        Name of the condition
number    string        What it drew: "gain", "shift" ...
values    list<float64> The number, or several: of each band, or as the condition says
========= ============= ==============================================================================================

Samples stand in the order of ``samples.parquet``, rows of a sample by step, conditions in the order in which they were
applied. A run without conditions has no such table.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from changen_cli.conditions.base import Record
from changen_cli.store.base import AnyOutcome
from changen_cli.store.tables.row_groups import ROWS_PER_GROUP, SampleReader, write_joined

NAME = "conditions.parquet"

SCHEMA = pa.schema(
    [
        ("sample", pa.string()),
        ("step", pa.int32()),
        ("condition", pa.string()),
        ("number", pa.string()),
        ("values", pa.list_(pa.float64())),
    ]
)
REPEATED = ["sample", "step", "condition", "number"]
"""Columns whose values repeat, and are worth a dictionary."""


def conditions_bytes(outcomes: Sequence[AnyOutcome]) -> bytes | None:
    """Returns the Parquet file of the conditions of a shard; None if its series have none."""
    series = [outcome.series for outcome in outcomes if outcome.series is not None and outcome.series.conditions]
    if not series:
        return None
    rows = [
        {"sample": one.id, "step": step, "condition": condition, "number": number, "values": values}
        for one in series
        for step, record in enumerate(one.conditions)
        for condition, numbers in record.items()
        for number, values in numbers.items()
    ]
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd", use_dictionary=REPEATED) as writer:
        writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
    return bytes(sink.getvalue())


def write_conditions(root: Path, shards: Sequence[Path], *, rows_per_group: int = ROWS_PER_GROUP) -> bool:
    """Joins the tables of the shards into ``conditions.parquet``; writes none if no shard has one.

    Args:
        root: The output.
        shards: What the tables of the shards that have series are called, in order.
        rows_per_group: Rows of a row group, and the most that are held at a time.

    Returns:
        Whether there is a table.

    Raises:
        StoreError: If a shard's table is missing while others are there, or cannot be read, or the disk is full or not
            writable.
    """
    return write_joined(root, NAME, shards, SCHEMA, REPEATED, rows_per_group) is not None


class ConditionsReader(SampleReader):
    """Reads ``conditions.parquet`` sample by sample; opened when it is first used."""

    def __init__(self, root: Path) -> None:
        """Names the output."""
        super().__init__(root / NAME)

    def read(self, sample: str, times: Sequence[int]) -> tuple[Record, ...]:
        """Reads what was done to some images of a sample.

        Args:
            sample: Id of the sample.
            times: Dates of the images.

        Returns:
            One record for each of ``times``; empty ones where nothing was done.

        Raises:
            StoreError: If the table is missing or damaged.
        """
        table = self.rows_of(sample, ["step", "condition", "number", "values"])
        records: dict[int, dict[str, dict[str, tuple[float, ...]]]] = {}
        if table is not None:
            for row in table.to_pylist():
                numbers = records.setdefault(row["step"], {}).setdefault(row["condition"], {})
                numbers[row["number"]] = tuple(row["values"])
        return tuple(records.get(time, {}) for time in times)
