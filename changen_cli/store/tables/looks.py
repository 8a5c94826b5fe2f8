"""The table of looks: ``looks.parquet``, what every object and the ground of a series looked like.

====== ============= =================================================================================================
column type          values
====== ============= =================================================================================================
sample string        Id of the sample
uid    int32         The object, its value in the instance masks; 0 for the ground
step   int32         Date of a look of the ground, 0 .. steps; null for an object, which has one look at every date
code   list<float32> The look
====== ============= =================================================================================================

Samples stand in the order of ``samples.parquet``, rows of a sample by uid and step. A run whose synthesizer has no
looks has no such table.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from changen_cli.models.series_looks import SeriesLooks
from changen_cli.store.base import AnyOutcome
from changen_cli.store.tables.row_groups import ROWS_PER_GROUP, SampleReader, write_joined
from changen_cli.types import AnyArray, Float32Array

NAME = "looks.parquet"

SCHEMA = pa.schema(
    [
        ("sample", pa.string()),
        ("uid", pa.int32()),
        ("step", pa.int32()),
        ("code", pa.list_(pa.float32())),
    ]
)
REPEATED = ["sample", "uid", "step"]
"""Columns whose values repeat, and are worth a dictionary."""


def looks_bytes(outcomes: Sequence[AnyOutcome]) -> bytes | None:
    """Returns the Parquet file of the looks of a shard; None if its series have none."""
    tables = [
        _table(outcome.id, outcome.series.looks)
        for outcome in outcomes
        if outcome.series is not None and outcome.series.looks is not None
    ]
    if not tables:
        return None
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd", use_dictionary=REPEATED) as writer:
        writer.write_table(pa.concat_tables(tables).combine_chunks())
    return bytes(sink.getvalue())


def _table(sample: str, looks: SeriesLooks) -> pa.Table:
    """Makes the table of one series."""
    dates, objects = len(looks.ground), len(looks.uids)
    codes = np.concatenate([looks.ground, looks.codes]).astype(np.float32, copy=False)
    ends = pa.array(np.arange(len(codes) + 1, dtype=np.int32) * codes.shape[1])
    columns = {
        "sample": [sample] * (dates + objects),
        "uid": [0] * dates + looks.uids.tolist(),
        "step": [*range(dates), *[None] * objects],
        "code": pa.ListArray.from_arrays(ends, pa.array(codes.ravel())),
    }
    return pa.table(columns, SCHEMA)


def write_looks(root: Path, shards: Sequence[Path], *, rows_per_group: int = ROWS_PER_GROUP) -> int:
    """Joins the tables of the shards into ``looks.parquet``; writes none if no shard has one.

    Args:
        root: The output.
        shards: What the tables of the shards that have series are called, in order.
        rows_per_group: Rows of a row group, and the most that are held at a time.

    Returns:
        Length of a look, D; 0 without looks.

    Raises:
        StoreError: If a shard's table is missing while others are there, or cannot be read, or the disk is full or not
            writable.
    """
    last = write_joined(root, NAME, shards, SCHEMA, REPEATED, rows_per_group)
    return len(last["code"][0]) if last is not None and last.num_rows else 0


class LooksReader(SampleReader):
    """Reads ``looks.parquet`` sample by sample; opened when it is first used."""

    def __init__(self, root: Path) -> None:
        """Names the output."""
        super().__init__(root / NAME)

    def read(self, sample: str) -> SeriesLooks | None:
        """Reads the looks of a sample; None if it has none.

        Raises:
            StoreError: If the table is missing or damaged.
        """
        table = self.rows_of(sample, ["uid", "code"])
        if table is None:
            return None
        uids = table["uid"].to_numpy()
        flat: AnyArray = table["code"].combine_chunks().flatten().to_numpy()
        codes: Float32Array = flat.reshape(len(uids), -1)
        objects = uids > 0
        return SeriesLooks(uids[objects], codes[objects], codes[~objects])
