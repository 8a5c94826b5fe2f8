"""What can be kept of pixels without keeping a pixel: digests, and sketches that say how far two images are apart.

A digest says that two images are one, or are not. A sketch (a "count sketch", Charikar, Chen and Farach-Colton 2002)
says how far apart they are: every grey level is added to one of 64 sums, or taken from it, by a draw that is the same
for all images. Of two images, the squared differences of the sums add up to the squared differences of all grey levels,
without bias and to a relative standard error of sqrt(2 / 64), 18 %, or 9 % of their root mean square. Each sum is over
thousands of grey levels, so no pixel comes out of it again; and for the same reason nobody can say from it which the
largest single difference is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from changen_cli import rng
from changen_cli.errors import StoreError
from changen_cli.store.sample import Sample
from changen_cli.store.series import SeriesDataset
from changen_cli.types import AnyArray, UInt8Array

BUCKETS = 64
"""Sums of a sketch."""

SCHEMA = pa.schema(
    [
        ("sample", pa.string()),
        ("labels", pa.string()),
        ("images", pa.list_(pa.string())),
        ("sketches", pa.list_(pa.list_(pa.int64(), BUCKETS))),
        ("levels", pa.int64()),
    ]
)
_ROWS = 1024


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of the pixels of one series.

    Attributes:
        sample: Its id.
        labels: Digest of its masks, instance masks, change masks and validity, as far as the format has them.
        images: Digest of each image I_0 ... I_n.
        sums: Sketch of each image, int64 [n + 1, 64].
        levels: Grey levels of an image: bands times pixels.
    """

    sample: str
    labels: str
    images: tuple[str, ...]
    sums: NDArray[np.int64]
    levels: int


@dataclass(frozen=True, slots=True)
class Distance:
    """How far the images of a series are from those of another of the same shape, in grey levels of 0..255.

    Attributes:
        images: How many images are not the same.
        mean_square: Estimate of the mean squared difference of all grey levels of all dates.
        worst: Estimate of the root mean square difference of the image that is furthest away.
    """

    images: int
    mean_square: float
    worst: float


def sketch_series(data: SeriesDataset) -> Iterator[Sketch]:
    """Reads every series of an output that is done, a large one in windows.

    Args:
        data: The output, all splits of it.

    Raises:
        StoreError: If a file is missing or damaged.
    """
    ids = data.table["sample"].take(pa.array(data.rows)).to_pylist()
    for place, sample in enumerate(ids):
        yield _sketch(sample, data.steps + 1, data.parts(place))


def _sketch(sample: str, dates: int, parts: Iterable[Sample]) -> Sketch:
    labels = xxhash.xxh3_128()
    images = [xxhash.xxh3_128() for _ in range(dates)]
    sums = np.zeros((dates, BUCKETS), np.int64)
    levels = 0
    for number, part in enumerate(parts):
        first = part.times[0] == 0
        fresh = range(0 if first else 1, len(part.times))  # parts share the date that is between them
        for array in (part.change, *(None if one is None else one[fresh] for one in (part.mask, part.instance))):
            _update(labels, array)
        if first:
            _update(labels, part.valid)
            levels += part.image[0].size
        for at in fresh:
            image, time = part.image[at], part.times[at]
            _update(images[time], image)
            sums[time] += _sums(image, number if len(part.times) == 2 else 0)
    return Sketch(sample, labels.hexdigest(), tuple(one.hexdigest() for one in images), sums, levels)


def _update(digest: xxhash.xxh3_128, array: AnyArray | None) -> None:
    if array is not None:
        digest.update(np.ascontiguousarray(array).data)


def _sums(image: UInt8Array, part: int) -> NDArray[np.int64]:
    """Adds every grey level of a part to one of the sums, or takes it away; exact."""
    found = np.bincount(_codes(part, image.size), weights=image.ravel(), minlength=2 * BUCKETS).astype(np.int64)
    return found[:BUCKETS] - found[BUCKETS:]


@lru_cache(maxsize=4)
def _codes(part: int, size: int) -> UInt8Array:
    """Draws which sum each grey level goes to, and whether it is taken from it, 0 .. 127."""
    return rng.generator("sketch", part, size).integers(0, 2 * BUCKETS, size, np.uint8)


def distance(one: Sketch, other: Sketch) -> Distance:
    """Estimates how far two series are apart.

    Args:
        one: Of a series.
        other: Of one of the same shape.

    Raises:
        ValueError: If they are not of one shape.
    """
    if one.sums.shape != other.sums.shape or one.levels != other.levels:
        raise ValueError(f"{one.sample} and {other.sample} are not of one shape")
    squares = ((one.sums - other.sums).astype(np.float64) ** 2).sum(axis=1) / max(one.levels, 1)
    differing = sum(a != b for a, b in zip(one.images, other.images, strict=True))
    return Distance(differing, float(squares.mean()), float(np.sqrt(squares.max())))


def write_sketches(path: Path, sketches: Iterable[Sketch]) -> None:
    """Writes a table of sketches, a few at a time.

    Args:
        path: A file in a folder of work, which is put in its place when it is whole.
        sketches: In order.
    """
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for one in sketches:
            rows.append(
                {
                    "sample": one.sample, "labels": one.labels, "images": list(one.images),
                    "sketches": one.sums.tolist(), "levels": one.levels,
                }
            )  # fmt: skip
            if len(rows) == _ROWS:
                writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
                rows = []
        writer.write_table(pa.Table.from_pylist(rows, SCHEMA))


def read_sketches(path: Path) -> Iterator[Sketch]:
    """Reads what :func:`write_sketches` wrote, a few at a time.

    Raises:
        StoreError: If it is missing or damaged.
    """
    try:
        with pq.ParquetFile(path) as file:
            if not file.schema_arrow.equals(SCHEMA):
                raise StoreError(f"{path} is no table of sketches; make the recipe again")
            for batch in file.iter_batches(_ROWS):
                for row in batch.to_pylist():
                    yield _read(row)
    except (OSError, pa.ArrowException, ValueError, TypeError) as error:
        raise StoreError(f"cannot read {path}: {error}; make the recipe again, or copy it again") from error


def _read(row: Mapping[str, Any]) -> Sketch:
    sums = np.array(row["sketches"], np.int64).reshape(-1, BUCKETS)
    return Sketch(row["sample"], row["labels"], tuple(row["images"]), sums, row["levels"])
