"""The Zarr v3 store: the output folder is itself the group.

======== ================================ ====== ==============================================================
array    dimensions                       dtype  values
======== ================================ ====== ==============================================================
image    sample, time, band, y, x         uint8  I_0 ... I_n; bands red, green, blue; 0 where not valid
mask     sample, time, y, x               uint8  S_0 ... S_n, class, 0 background
instance sample, time, y, x               int32  uid of the object, 0 background
change   sample, step, y, x               uint8  1 where S_t and S_t+1 differ, else 0
valid    sample, y, x                     bool   False where the source has no data
status   sample                           uint8  0 not written, 1 done, 2 skipped, 3 failed
======== ================================ ====== ==============================================================

One inner chunk is one frame, so a series, a pair or a single image is read without the rest; one Zarr shard is one
shard of work with all its time steps. ``status`` and what else is known of a sample (``id``, ``scene``, ``split``,
``source``, ``crs`` as WKT, all strings; ``variant``; ``transform``, six terms of the affine transform, NaN without)
are written when the run is complete. The same, as a table with outlines, is in ``samples.parquet``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
import zarr
from affine import Affine
from numcodecs import Blosc
from zarr.codecs import BloscCodec, ZstdCodec
from zarr.core.buffer import Buffer
from zarr.storage import MemoryStore

from changen_cli.files import disk_errors, make_folder, remove_files, remove_folder_if_empty, write_files
from changen_cli.store.base import Outcome, Status, StoreSpec
from changen_cli.store.formats import conventions
from changen_cli.store.formats.shard_codec import encode_shard
from changen_cli.store.records import to_json
from changen_cli.types import AnyArray

Memory: TypeAlias = dict[str, Buffer]
"""What a Zarr store in memory keeps its keys in."""

CODES = {Status.DONE: 1, Status.SKIPPED: 2, Status.FAILED: 3}
"""Values of the array ``status``; 0 is a sample that no run has got to."""

_DESCRIPTIONS = {
    "image": "red, green, blue; 0 where not valid",
    "mask": "class, 0 background",
    "instance": "uid of the object, 0 background",
    "change": "1 where the class masks of two consecutive times differ, else 0",
    "valid": "false where the source has no data",
    "status": "0 not written, 1 done, 2 skipped, 3 failed",
    "transform": "a, b, c, d, e, f of x = a col + b row + c, y = d col + e row + f; NaN without georeference",
    "crs": "WKT of the coordinate reference system; empty without",
}
_STRINGS = ("id", "scene", "split", "source", "crs")
_ARRAYS = ("image", "mask", "instance", "change", "valid", "status", "variant", "transform", *_STRINGS)
_SAMPLES_PER_CHUNK = 16384


@dataclass
class ZarrWriter:
    """Writes series as a Zarr v3 group.

    Bit shuffle and the lowest level of Zstandard pack aerial imagery better than the higher levels without shuffle,
    in a fraction of their time; labels pack a hundredfold with anything.

    Attributes:
        root: The output folder, and the group.
        spec: Its shape.
    """

    root: Path
    spec: StoreSpec
    format: ClassVar[str] = "zarr"

    def create(self) -> None:
        """Writes the metadata of the group and of the five pixel arrays, where they are missing.

        Raises:
            StoreError: If the disk is full or not writable.
        """
        store: Memory = {}
        group = self._group(store, {})
        for name, (dimensions, shape, dtype) in self._layout().items():
            self._pixels(group, name, dimensions, shape, dtype)
        files = {self.root / key: data for key, data in _contents(store)}
        for folder in sorted({path.parent for path in files}):
            make_folder(folder)
        write_files(self.root, [(path, data) for path, data in files.items() if not path.exists()])

    def write_shard(self, index: int, outcomes: list[Outcome]) -> None:
        """Writes one shard file per array; see :meth:`changen_cli.store.base.Writer.write_shard`."""
        files = list(self._shard_files(index, outcomes))
        write_files(self.root, files)
        # An array without a file reads as zeros; a file that a cut-off run left there must not show through.
        written = {path for path, _ in files}
        remove_files(path for name in self._layout() if (path := self._shard_path(name, index)) not in written)

    def finish(self, samples: list[dict[str, Any]]) -> None:
        """Writes what is known of each sample, and the CRS that all share.

        Args:
            samples: One record per sample, in order, as :meth:`changen_cli.store.journal.Journal.samples` gives them.

        Raises:
            StoreError: If the disk is full or not writable.
        """
        store: Memory = {}
        places = {(s["crs"], tuple(s["transform"] or ())) for s in samples if s["status"] == Status.DONE}
        codes = {crs for crs, _ in places}
        crs = codes.pop() if len(codes) == 1 else None
        terms = next(iter(places))[1] if len(places) == 1 else ()
        group = self._group(
            store, conventions.attributes(self.spec.height, self.spec.width, crs, Affine(*terms) if terms else None)
        )
        status = np.array([CODES[Status(s["status"])] for s in samples], np.uint8)
        variant = np.array([-1 if s["variant"] is None else s["variant"] for s in samples], np.int32)
        transform = np.array([s["transform"] or [np.nan] * 6 for s in samples], np.float64).reshape(-1, 6)
        _table(group, "status", ("sample",), status)
        _table(group, "variant", ("sample",), variant, fill=-1)
        _table(group, "transform", ("sample", "term"), transform, fill=np.nan)
        for name in _STRINGS:
            _table(group, name, ("sample",), np.array([s[name] or "" for s in samples], dtype=object))
        data = dict(_contents(store))
        arrays = {name: self._metadata(name) for name in self._layout()}
        arrays |= {key.removesuffix("/zarr.json"): json.loads(data[key]) for key in data if key.endswith("/zarr.json")}
        # Readers that find every array's metadata in the group need not list the folder, which holds more than arrays.
        whole = json.loads(data.pop("zarr.json"))
        whole["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": arrays}
        for name in sorted({key.split("/")[0] for key in data}):
            make_folder(self.root / name)
        write_files(
            self.root, [*((self.root / key, data[key]) for key in data), (self.root / "zarr.json", to_json(whole))]
        )

    def _metadata(self, name: str) -> Any:
        """Returns the metadata of a pixel array, as it is on the disk."""
        path = self.root / name / "zarr.json"
        with disk_errors(path):
            return json.loads(path.read_bytes())

    def _layout(self) -> dict[str, tuple[tuple[str, ...], tuple[int, ...], str]]:
        """Returns name, dimensions, shape of one sample and dtype of each pixel array."""
        size, times = (self.spec.height, self.spec.width), self.spec.steps + 1
        return {
            "image": (("sample", "time", "band", "y", "x"), (times, 3, *size), "uint8"),
            "mask": (("sample", "time", "y", "x"), (times, *size), "uint8"),
            "instance": (("sample", "time", "y", "x"), (times, *size), "int32"),
            "change": (("sample", "step", "y", "x"), (self.spec.steps, *size), "uint8"),
            "valid": (("sample", "y", "x"), size, "bool"),
        }

    def _group(self, store: Memory, attributes: dict[str, Any]) -> zarr.Group:
        """Makes the group in memory."""
        everything = {"changen": {"version": 1, "shard_samples": self.spec.shard_samples}, **attributes}
        return zarr.create_group(MemoryStore(store), zarr_format=3, attributes=everything)

    def _pixels(
        self,
        group: zarr.Group,
        name: str,
        dimensions: tuple[str, ...],
        shape: tuple[int, ...],
        dtype: str,
    ) -> zarr.Array[Any]:
        """Makes one pixel array in memory."""
        plane = _plane(name)
        whole = (self.spec.samples, *shape)
        attributes: dict[str, Any] = {"description": _DESCRIPTIONS[name]}
        if name == "image":
            attributes["bands"] = ["red", "green", "blue"]
        return group.create_array(
            name,
            shape=whole,
            shards=(self.spec.shard_samples, *shape),
            chunks=(*(1 for _ in whole[:-plane]), *whole[-plane:]),
            dtype=dtype,
            compressors=[_codec(name, dtype)],
            fill_value=0,
            dimension_names=dimensions,
            # One flat folder per array: five levels of folders per shard would each need a sync of their own.
            chunk_key_encoding={"name": "default", "separator": "."},
            attributes=attributes,
        )

    def _shard_path(self, name: str, index: int) -> Path:
        """Returns the file of one shard of an array."""
        dimensions = self._layout()[name][0]
        return self.root / name / ".".join(["c", str(index), *("0" for _ in dimensions[1:])])

    def _shard_files(self, index: int, outcomes: list[Outcome]) -> Iterator[tuple[Path, bytes]]:
        """Encodes the shard files of all pixel arrays; where all is zero there is none."""
        series = [outcome.series for outcome in outcomes]
        for name, (_, shape, dtype) in self._layout().items():
            values = np.zeros((self.spec.shard_samples, *shape), dtype)
            for place, one in enumerate(series):
                if one is not None:
                    values[place] = {
                        "image": one.images,
                        "mask": one.masks,
                        "instance": one.instances,
                        "change": one.changes,
                        "valid": one.valid,
                    }[name]
            codec = _codec(name, dtype)
            compressor = Blosc(codec.cname.value, codec.clevel, getattr(Blosc, codec.shuffle.value.upper()))
            data = encode_shard(values, _plane(name), compressor)
            if data is not None:
                yield self._shard_path(name, index), data


def _plane(name: str) -> int:
    """How many dimensions a frame has: the inner chunk is one frame."""
    return 3 if name == "image" else 2


def _codec(name: str, dtype: str) -> BloscCodec:
    """Returns how the chunks of a pixel array are compressed."""
    if dtype == "int32":
        return BloscCodec(typesize=4, cname="zstd", clevel=3, shuffle="shuffle")
    return BloscCodec(typesize=1, cname="zstd", clevel=1 if name == "image" else 3, shuffle="bitshuffle")


def _table(
    group: zarr.Group, name: str, dimensions: tuple[str, ...], values: AnyArray, fill: float | None = None
) -> None:
    """Makes an array of one value, or one row of values, per sample."""
    text = values.dtype == object
    array = group.create_array(
        name,
        shape=values.shape,
        chunks=(max(1, min(_SAMPLES_PER_CHUNK, len(values))), *values.shape[1:]),
        dtype=str if text else values.dtype,
        compressors=[ZstdCodec(level=3)],
        fill_value="" if text else (0 if fill is None else fill),
        dimension_names=dimensions,
        chunk_key_encoding={"name": "default", "separator": "."},
        attributes={"description": _DESCRIPTIONS[name]} if name in _DESCRIPTIONS else {},
    )
    array[...] = values


def _contents(store: Memory) -> list[tuple[str, bytes]]:
    """Returns the keys of a store in memory, and what is under them."""
    return sorted((key, value.to_bytes()) for key, value in store.items())


def clear(root: Path) -> None:
    """Deletes the group that changen wrote into a folder; other files in it, and in its arrays, stay.

    Args:
        root: The output.

    Raises:
        StoreError: If something cannot be deleted.
    """
    for name in _ARRAYS:
        folder = root / name
        with disk_errors(folder):
            files = [*folder.glob("c.*"), folder / "zarr.json"] if folder.is_dir() else []
        remove_files(files)
        remove_folder_if_empty(folder)
    remove_files([root / "zarr.json"])
