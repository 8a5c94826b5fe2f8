"""Parquet of Hugging Face ``datasets``: ``data/{train,validation,test}-<i>-of-<n>.parquet``, a card, and Croissant.

A row is a pair; pictures are PNGs inside the file, and the schema says that they are, so ``load_dataset`` and the Hub's
viewer show images. ``croissant.json`` describes files and columns for everything that reads Croissant (mlcroissant).
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from changen_cli.export import croissant
from changen_cli.export.base import DatasetLayout, Written
from changen_cli.export.facts import card, pair_facts
from changen_cli.export.layouts.imagefolder import COLUMNS
from changen_cli.export.options import ExportOptions
from changen_cli.export.picture import Picture
from changen_cli.export.source import Pair, Source
from changen_cli.export.target import Target
from changen_cli.files import disk_errors
from changen_cli.types import Split

PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
ROWS_PER_GROUP = 100
"""Rows of a row group, and the most that are held at a time."""

SPLITS = {"train": "train", "val": "validation", "test": "test"}
"""Their names by ours."""

_TEXTS = ("id", "series", "scene", "crs")
_NUMBERS = ("time_before", "time_after")


class HubParquet(DatasetLayout):
    """Writes pairs as Parquet files with pictures in them."""

    name: ClassVar[str] = "parquet"
    summary: ClassVar[str] = "Parquet with pictures, a dataset card and Croissant; Hugging Face datasets, mlcroissant"

    def write(self, source: Source, target: Target, options: ExportOptions) -> Written:
        """Writes the files, the card and ``croissant.json``."""
        pictures = ["before", "after", "label"]
        if source.data.items == "series":
            pictures += ["mask_before", "mask_after"]
        writer = _Writer(target, schema(pictures), options.shard_items)
        with disk_errors(target.root):
            try:
                for pair in source.pairs():
                    writer.add(pair)
            finally:
                writer.close()
            files = writer.rename()
        counts = {str(split): writer.counts.get(split, 0) for split in Split}
        data = [{"split": SPLITS[split], "path": f"data/{SPLITS[split]}-*"} for split in Split if counts[split]]
        title = f"{source.root.resolve().name}: simulated change"
        columns = {name: what for name, what in COLUMNS.items() if name in pictures or "mask" not in name}
        use = 'from datasets import load_dataset\n\ndata = load_dataset("THIS FOLDER")\npair = data["train"][0]'
        configs = [{"config_name": "default", "data_files": data}]
        target.write("README.md", card(source, title, configs, counts, columns, use))
        target.write(
            "croissant.json", croissant.describe(title, source, [target.root / name for name in files], pictures)
        )
        return Written("pairs", counts)


def schema(pictures: list[str]) -> pa.Schema:
    """Returns the schema of the files, with what ``datasets`` wants to know of the columns.

    Args:
        pictures: Names of the columns that are pictures.
    """
    fields = [
        *((name, PICTURE) for name in pictures),
        *((name, pa.string()) for name in _TEXTS),
        *((name, pa.int32()) for name in _NUMBERS),
        ("events", pa.list_(pa.string())),
        ("transform", pa.list_(pa.float64())),
    ]
    features: dict[str, Any] = {name: {"_type": "Image"} for name in pictures}
    features |= {name: {"dtype": "string", "_type": "Value"} for name in _TEXTS}
    features |= {name: {"dtype": "int32", "_type": "Value"} for name in _NUMBERS}
    for name, kind in (("events", "string"), ("transform", "float64")):
        features[name] = {"feature": {"dtype": kind, "_type": "Value"}, "_type": "Sequence"}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema(fields, metadata)


class _Writer:
    """Files of all splits, row group by row group; they get their names when their number is known."""

    def __init__(self, target: Target, columns: pa.Schema, most: int) -> None:
        self.counts: dict[str, int] = {}
        self._folder = target.folder("data")
        self._schema, self._most = columns, most
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._open: dict[str, pq.ParquetWriter] = {}
        self._files: dict[str, int] = {}

    def add(self, pair: Pair) -> None:
        """Takes a pair; writes when there are enough for a row group."""
        split = pair.split
        if self.counts.get(split, 0) % self._most == 0:
            self._end(split)
            number = self._files[split] = self._files.get(split, 0) + 1
            self._open[split] = pq.ParquetWriter(self._folder / f"{split}.{number}", self._schema, compression="zstd")
        pictures = {"before": pair.before, "after": pair.after, "label": pair.label}
        if pair.dates is not None:
            before, after = pair.dates.mask
            pictures |= {"mask_before": Picture(before[None]), "mask_after": Picture(after[None])}
        row: dict[str, Any] = {name: {"bytes": p.png(), "path": f"{pair.id}.png"} for name, p in pictures.items()}
        self._rows.setdefault(split, []).append(row | dict(pair_facts(pair)))
        self.counts[split] = self.counts.get(split, 0) + 1
        if len(self._rows[split]) == ROWS_PER_GROUP:
            self._flush(split)

    def close(self) -> None:
        """Writes what is left, and closes all files."""
        for split in list(self._open):
            self._end(split)

    def rename(self) -> list[str]:
        """Gives the files their names, and returns these, relative to the root."""
        names = []
        for split, count in self._files.items():
            for number in range(count):
                name = f"{SPLITS[split]}-{number:05d}-of-{count:05d}.parquet"
                (self._folder / f"{split}.{number + 1}").rename(self._folder / name)
                names.append(f"data/{name}")
        return names

    def _flush(self, split: str) -> None:
        rows = self._rows.pop(split, [])
        if rows:
            self._open[split].write_table(pa.Table.from_pylist(rows, self._schema))

    def _end(self, split: str) -> None:
        if split in self._open:
            self._flush(split)
            self._open.pop(split).close()
