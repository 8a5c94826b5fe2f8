"""The table of changes: ``events.parquet``, GeoParquet 1.1, one row per change.

=============== ========= ===========================================================================================
column          type      values
=============== ========= ===========================================================================================
sample          string    Id of the sample
scene, tile     string    Where it comes from
variant         int32     0 .. variants - 1
step            int32     1 for the change from S_0 to S_1
event           string    Name of the event
uid             int32     The object; its value in the instance masks
category        uint8     Its class
geometry        WKB       Ground affected: the outline before and the outline after, united
geometry_before WKB       Its outline in S_t; null where the object is new
geometry_after  WKB       Its outline in S_t+1; null where the object is gone
pixels_before   WKB       The same two in pixel coordinates of the sample, y downwards
pixels_after    WKB
=============== ========= ===========================================================================================

The three geometry columns are in OGC:CRS84 (longitude, latitude), whatever CRS the samples have, because a GeoParquet
column has one CRS and the samples of a run may have many; they are null for samples without a georeference. Where no
sample of a run has one, they hold pixel coordinates, and the file says that their CRS is undefined.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict

import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from changen_cli.errors import StoreError
from changen_cli.events.base import Change
from changen_cli.files import replacing
from changen_cli.scenes.layout import Footprint
from changen_cli.store.base import AnyOutcome, SceneSeries, Series
from changen_cli.store.tables.geography import GeoRef, geo_metadata, to_lonlat, to_wkb
from changen_cli.store.tables.row_groups import ROWS_PER_GROUP, join_shards

GEOMETRIES = ("geometry", "geometry_before", "geometry_after")

SCHEMA = pa.schema(
    [
        ("sample", pa.string()),
        ("scene", pa.string()),
        ("tile", pa.string()),
        ("variant", pa.int32()),
        ("step", pa.int32()),
        ("event", pa.string()),
        ("uid", pa.int32()),
        ("category", pa.uint8()),
        *((name, pa.binary()) for name in GEOMETRIES),
        ("pixels_before", pa.binary()),
        ("pixels_after", pa.binary()),
    ]
)


class ChangeRow(TypedDict):
    """The columns of a row that say what a change is, in pixel coordinates."""

    step: int
    event: str
    uid: int
    category: int
    pixels_before: bytes | None
    pixels_after: bytes | None


def events_bytes(outcomes: Sequence[AnyOutcome]) -> bytes:
    """Returns the Parquet file of the changes of a shard, without GeoParquet metadata."""
    rows = [
        (series, change)
        for outcome in outcomes
        if (series := outcome.series) is not None
        for changes in series.history.changes
        for change in changes
    ]
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd") as writer:
        writer.write_table(_table(rows))
    return bytes(sink.getvalue())


def _table(rows: list[tuple[Series | SceneSeries, Change]]) -> pa.Table:
    """Makes the table of some changes."""
    before = [None if change.before is None else change.before.polygon for _, change in rows]
    after = [None if change.after is None else change.after.polygon for _, change in rows]
    both = [_union(*pair) for pair in zip(before, after, strict=True)]
    georefs: list[GeoRef] = [(series.transform, series.crs) for series, _ in rows]
    lonlat = to_lonlat([*both, *before, *after], georefs * 3)
    objects = [_object(change) for _, change in rows]
    columns: dict[str, Sequence[object]] = {
        "sample": [series.id for series, _ in rows],
        "scene": [series.scene for series, _ in rows],
        "tile": [series.tile for series, _ in rows],
        "variant": [series.variant for series, _ in rows],
        "step": [change.step for _, change in rows],
        "event": [change.event for _, change in rows],
        "uid": [footprint.uid for footprint in objects],
        "category": [footprint.category for footprint in objects],
        "pixels_before": to_wkb(before),
        "pixels_after": to_wkb(after),
    }
    for place, name in enumerate(GEOMETRIES):
        columns[name] = to_wkb(lonlat[place * len(rows) : (place + 1) * len(rows)])
    return pa.table(columns, SCHEMA)


def _object(change: Change) -> Footprint:
    """Returns the object that a change is about, as it is afterwards if it still is."""
    footprint = change.after or change.before
    if footprint is None:
        raise StoreError(f"event {change.event!r} reported a change with nothing before and nothing after")
    return footprint


def _union(before: BaseGeometry | None, after: BaseGeometry | None) -> BaseGeometry:
    """Returns the ground that a change affects."""
    parts = [part if part.is_valid else shapely.make_valid(part) for part in (before, after) if part is not None]
    return shapely.union_all(parts)


def write_events(
    root: Path, shards: Iterable[Path], *, georeferenced: bool, rows_per_group: int = ROWS_PER_GROUP
) -> int:
    """Joins the tables of the shards into ``events.parquet``; never holds more than a row group.

    Args:
        root: The output.
        shards: The Parquet files of the shards, in order.
        georeferenced: False if no sample of the run has a place on the Earth; the geometry columns then hold pixels.
        rows_per_group: Rows of a row group, and the most that are held at a time.

    Returns:
        The number of changes.

    Raises:
        StoreError: If a shard's table cannot be read, or the disk is full or not writable.
    """
    schema = SCHEMA.with_metadata(geo_metadata(GEOMETRIES, pixels=not georeferenced))
    count = 0
    with (
        replacing(root, root / "events.parquet") as path,
        pq.ParquetWriter(path, schema, compression="zstd") as writer,
    ):
        for table in join_shards(shards, SCHEMA, rows_per_group):
            full = table if georeferenced else _with_pixels(table)
            writer.write_table(full.replace_schema_metadata(schema.metadata), row_group_size=rows_per_group)
            count += full.num_rows
    return count


def _with_pixels(table: pa.Table) -> pa.Table:
    """Returns a table whose geometry columns hold pixel coordinates."""
    before = shapely.from_wkb(table["pixels_before"].to_numpy(zero_copy_only=False))
    after = shapely.from_wkb(table["pixels_after"].to_numpy(zero_copy_only=False))
    both = [_union(*pair) for pair in zip(before, after, strict=True)]
    for name, shapes in zip(GEOMETRIES, (both, before, after), strict=True):
        table = table.set_column(
            SCHEMA.get_field_index(name), SCHEMA.field(name), pa.array(to_wkb(shapes), pa.binary())
        )
    return table


def read_change(record: ChangeRow) -> Change:
    """Rebuilds a change from its row."""
    before, after = (
        None if pixels is None else Footprint(record["uid"], _polygon(pixels), record["category"])
        for pixels in (record["pixels_before"], record["pixels_after"])
    )
    return Change(record["event"], record["step"], before, after)


def _polygon(wkb: bytes) -> Polygon | MultiPolygon:
    """Reads an outline from its column."""
    shape = shapely.from_wkb(wkb)
    if not isinstance(shape, Polygon | MultiPolygon):
        raise StoreError(f"events.parquet has a {shape.geom_type} for an outline; run the same changen command again")
    return shape
