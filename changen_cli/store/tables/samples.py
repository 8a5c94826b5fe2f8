"""The table of samples: ``samples.parquet``, GeoParquet 1.1, one row per sample, done or not, in every format.

=========== ============ ============================================================================================
column      type         values
=========== ============ ============================================================================================
index       int64        Place on the sample axis
sample      string       Id
status      string       done, skipped or failed
reason      string       Why it is not done, or why nothing changed in it
scene, tile string       Where it comes from; null unless done, like all that follows
variant     int32        0 .. variants - 1
split       string       train, val or test
source      string       Path or URL of the source raster
crs         string       WKT, null without
transform   list<double> a, b, c, d, e, f of x = a col + b row + c, y = d col + e row + f; null without
height      int32        Pixels
width       int32        Pixels
changes     int32        Rows of the sample in ``events.parquet``, where samples stand in the same order
geometry    WKB          Outline in OGC:CRS84 (longitude, latitude); null without georeference
=========== ============ ============================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypedDict

import pyarrow as pa
import pyarrow.parquet as pq
from affine import Affine
from shapely.geometry import box

from changen_cli.files import replacing
from changen_cli.store.base import StoreSpec
from changen_cli.store.records import SampleRecord
from changen_cli.store.tables.geography import GeoRef, geo_metadata, to_lonlat, to_wkb

SCHEMA = pa.schema(
    [
        ("index", pa.int64()),
        ("sample", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("scene", pa.string()),
        ("tile", pa.string()),
        ("variant", pa.int32()),
        ("split", pa.string()),
        ("source", pa.string()),
        ("crs", pa.string()),
        ("transform", pa.list_(pa.float64())),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("changes", pa.int32()),
        ("geometry", pa.binary()),
    ]
)
ROWS_PER_GROUP = 16384


class SampleRow(TypedDict):
    """The row of a sample that is done, as the table above has it."""

    index: int
    sample: str
    status: str
    reason: str
    scene: str
    tile: str
    variant: int
    split: str
    source: str
    crs: str | None
    transform: list[float] | None
    height: int
    width: int
    changes: int
    geometry: bytes | None


def write_samples(
    root: Path, spec: StoreSpec, samples: Iterable[SampleRecord], *, rows_per_group: int = ROWS_PER_GROUP
) -> bool:
    """Writes ``samples.parquet``.

    Args:
        root: The output.
        spec: The shape of the store.
        samples: The record of every sample, done or not, in order.
        rows_per_group: Rows of a row group, and records held at a time.

    Returns:
        True if any sample has a place on the Earth.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    schema = SCHEMA.with_metadata(geo_metadata(["geometry"]))
    placed = False
    with (
        replacing(root, root / "samples.parquet") as path,
        pq.ParquetWriter(path, schema, compression="zstd") as writer,
    ):
        for rows in _groups(samples, rows_per_group):
            places: list[GeoRef] = [
                (None if row.transform is None else Affine(*row.transform), row.crs) for row in rows
            ]
            heights, widths = zip(*(row.size or (spec.height, spec.width) for row in rows), strict=True)
            outlines = to_lonlat([box(0, 0, *size) for size in zip(widths, heights, strict=True)], places)
            placed = placed or any(shape is not None for shape in outlines)
            columns: dict[str, Sequence[object]] = {
                "index": [row.index for row in rows],
                "sample": [row.id for row in rows],
                "status": [str(row.status) for row in rows],
                "reason": [row.reason for row in rows],
                "scene": [row.scene for row in rows],
                "tile": [row.tile for row in rows],
                "variant": [row.variant for row in rows],
                "split": [row.split for row in rows],
                "source": [row.source for row in rows],
                "crs": [row.crs for row in rows],
                "transform": [row.transform for row in rows],
                "height": heights,
                "width": widths,
                "changes": [sum(row.changes.values()) for row in rows],
                "geometry": to_wkb(outlines),
            }
            writer.write_table(pa.table(columns, schema))
    return placed


def _groups(samples: Iterable[SampleRecord], size: int) -> Iterator[list[SampleRecord]]:
    """Yields the records of one row group after another."""
    rest = iter(samples)
    while rows := list(islice(rest, size)):
        yield rows
