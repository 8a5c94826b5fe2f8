"""The format ``zarr``: one Zarr v3 group."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import zarr

from changen_cli.errors import StoreError
from changen_cli.files import disk_errors, make_folder, remove_files, remove_folder_if_empty, write_files
from changen_cli.store.base import Outcome
from changen_cli.store.formats.base import Arrays, Format, Times
from changen_cli.store.formats.zarr.arrays import (
    ARRAYS,
    Memory,
    contents,
    make_group,
    make_pixels,
    pixel_arrays,
    shard_values,
)
from changen_cli.store.formats.zarr.places import zarr_store
from changen_cli.store.formats.zarr.sample_arrays import make_tables, shared_attributes
from changen_cli.store.formats.zarr.shard_codec import encode_shard
from changen_cli.store.records import SampleRecord
from changen_cli.store.sealed import to_json
from changen_cli.store.tables.samples import SampleRow
from changen_cli.types import AnyArray, UInt8Array


class ZarrFormat(Format):
    """Writes and reads series as a Zarr v3 group; the output folder is the group."""

    name: ClassVar[str] = "zarr"
    remote: ClassVar[bool] = True

    def create(self) -> None:
        """Writes the metadata of the group and of the five pixel arrays, where they are missing.

        Raises:
            StoreError: If the disk is full or not writable.
        """
        store: Memory = {}
        group = make_group(self.spec, store, {})
        for pixels in pixel_arrays(self.spec).values():
            make_pixels(self.spec, group, pixels)
        files = {self.root / key: data for key, data in contents(store)}
        for folder in sorted({path.parent for path in files}):
            make_folder(folder)
        write_files(self.root, [(path, data) for path, data in files.items() if not path.exists()])

    def write_shard(self, index: int, outcomes: Sequence[Outcome]) -> None:
        """Writes one shard file per array; where all values are zero there is none."""
        files = list(self._shard_files(index, outcomes))
        write_files(self.root, files)
        # Where all is zero no file is written; one that a killed run has left would be read in its place.
        written = {path for path, _ in files}
        remove_files(path for name in pixel_arrays(self.spec) if (path := self._shard_path(name, index)) not in written)

    def finish(self, samples: Sequence[SampleRecord]) -> None:
        """Writes what is known of each sample, and the CRS that all share.

        Args:
            samples: The record of every sample, done or not, in order.

        Raises:
            StoreError: If the disk is full or not writable.
        """
        store: Memory = {}
        group = make_group(self.spec, store, shared_attributes(self.spec, samples))
        make_tables(group, samples)
        data = dict(contents(store))
        arrays: dict[str, object] = {name: self._metadata(name) for name in pixel_arrays(self.spec)}
        arrays |= {key.removesuffix("/zarr.json"): json.loads(data[key]) for key in data if key.endswith("/zarr.json")}
        # Readers that find every array's metadata in the group need not list the folder, which holds more than arrays.
        whole: dict[str, object] = json.loads(data.pop("zarr.json"))
        whole["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": arrays}
        for name in sorted({key.split("/")[0] for key in data}):
            make_folder(self.root / name)
        write_files(
            self.root, [*((self.root / key, data[key]) for key in data), (self.root / "zarr.json", to_json(whole))]
        )

    def _metadata(self, name: str) -> object:
        """Returns the metadata of a pixel array, as it is on the disk."""
        path = self.root / name / "zarr.json"
        with disk_errors(path):
            metadata: object = json.loads(path.read_bytes())
        return metadata

    def _shard_path(self, name: str, index: int) -> Path:
        """Returns the file of one shard of an array."""
        dimensions = pixel_arrays(self.spec)[name].dimensions
        return self.root / name / ".".join(["c", str(index), *("0" for _ in dimensions[1:])])

    def _shard_files(self, index: int, outcomes: Sequence[Outcome]) -> Iterator[tuple[Path, bytes]]:
        """Encodes the shard files of all pixel arrays; where all is zero there is none."""
        for pixels, values in shard_values(self.spec, outcomes):
            name = pixels.name
            data = encode_shard(values, pixels.plane, pixels.compressor)
            if data is not None:
                yield self._shard_path(name, index), data

    @cached_property
    def _group(self) -> zarr.Group:
        """The output, opened when it is first read."""
        return zarr.open_group(zarr_store(self.root), mode="r", zarr_format=3)

    def __getstate__(self) -> dict[str, object]:
        """Leaves out the open group: every process opens its own."""
        return {"root": self.root, "spec": self.spec}

    def read(self, sample: SampleRow, times: Times) -> Arrays:
        """Reads the five pixel arrays of a sample."""
        index = sample["index"]
        return Arrays(
            image=self._get("image", index),
            change=self._get("change", index),
            mask=self._get("mask", index),
            instance=self._get("instance", index),
            valid=self._get("valid", index),
        )

    def read_pair(self, sample: SampleRow, pair: Times) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
        """Reads two frames and their change mask."""
        index, (first, second) = sample["index"], pair
        images = self._get("image", index, slice(first, second + 1))
        return images[0], images[1], self._get("change", index, first)

    def read_step(self, sample: SampleRow, step: int) -> Arrays:
        """Reads two frames of each array, and the change mask between them."""
        index, dates = sample["index"], slice(step - 1, step + 1)
        return Arrays(
            image=self._get("image", index, dates),
            change=self._get("change", index, slice(step - 1, step)),
            mask=self._get("mask", index, dates),
            instance=self._get("instance", index, dates),
            valid=self._get("valid", index),
        )

    def _get(self, name: str, *selection: int | slice) -> AnyArray:
        """Reads part of an array; what it has not stored is 0."""
        try:
            array = self._group[name]
            assert isinstance(array, zarr.Array)
            self._require_shape(name, array)
            return np.asarray(array[selection])
        except Exception as error:  # zarr and its codecs raise whatever they like on damaged bytes
            raise StoreError(
                f"cannot read array {name} of {self.root}: {type(error).__name__} {error}; "
                "copy the output again, or run changen again with --overwrite"
            ) from error

    def _require_shape(self, name: str, array: zarr.Array[Any]) -> None:
        """Refuses an array of another shape than the store's: damaged metadata must not take the machine's memory."""
        pixels = pixel_arrays(self.spec)[name]
        whole, shard = (self.spec.samples, *pixels.shape), (self.spec.shard_samples, *pixels.shape)
        if array.shape != whole or array.dtype != pixels.dtype:
            raise ValueError(f"it is {array.dtype} {list(array.shape)}, not {pixels.dtype} {list(whole)}")
        if any(size > most for size, most in zip(array.shards or array.chunks, shard, strict=True)):
            raise ValueError(f"its shards are {list(array.shards or array.chunks)}, larger than {list(shard)}")

    @classmethod
    def clear(cls, root: Path) -> None:
        """Deletes the group that changen wrote into a folder; other files in it, and in its arrays, stay.

        Args:
            root: The output.

        Raises:
            StoreError: If something cannot be deleted.
        """
        for name in ARRAYS:
            folder = root / name
            with disk_errors(folder):
                files = [*folder.glob("c.*"), folder / "zarr.json"] if folder.is_dir() else []
            remove_files(files)
            remove_folder_if_empty(folder)
        remove_files([root / "zarr.json"])
