"""Reading series back from the three formats, as arrays."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import rasterio
import zarr
from rasterio.errors import NotGeoreferencedWarning

from changen_cli.errors import StoreError
from changen_cli.store.formats.levir import TREE, pair_name, pairs
from changen_cli.store.gdal import GDAL_ERRORS
from changen_cli.types import AnyArray, BoolArray, Int32Array, UInt8Array


@dataclass(frozen=True, slots=True)
class Arrays:
    """The pixels of one item.

    Attributes:
        image: uint8 [T, 3, H, W].
        change: uint8 [T - 1, H, W]: 1 where two consecutive states differ, else 0.
        mask: Class masks, uint8 [T, H, W], 0 background; None in the LEVIR layout.
        instance: uid or 0, int32 [T, H, W]; None in the LEVIR layout.
        valid: bool [H, W]; None in the LEVIR layout.
    """

    image: UInt8Array
    change: UInt8Array
    mask: UInt8Array | None = None
    instance: Int32Array | None = None
    valid: BoolArray | None = None


class Reader(Protocol):
    """Reads one format. Picklable; files are opened when first read, in the process that reads."""

    pairs: tuple[tuple[int, int], ...] | None
    """The pairs of times of each sample, where an item is a pair; None where it is a series."""

    def read(self, sample: Mapping[str, Any], pair: int) -> Arrays:
        """Reads the pixels of one item.

        Args:
            sample: Its row of ``samples.parquet``.
            pair: Which of ``pairs``; 0 where an item is a series.

        Raises:
            StoreError: If a file is missing or damaged.
        """
        ...

    def read_pair(self, sample: Mapping[str, Any], pair: int) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
        """Reads one pair of images, uint8 [3, H, W], and its label, uint8 [H, W], 0 or 1; nothing else is read.

        Args:
            sample: Its row of ``samples.parquet``.
            pair: Which of ``pairs``; where an item is a series, the time of the earlier image.

        Raises:
            StoreError: If a file is missing or damaged.
        """
        ...


@dataclass
class ZarrReader:
    """Reads the Zarr v3 group."""

    root: Path
    steps: int
    pairs: tuple[tuple[int, int], ...] | None = None

    @cached_property
    def _group(self) -> zarr.Group:
        return zarr.open_group(self.root, mode="r", zarr_format=3)

    def __getstate__(self) -> dict[str, Any]:
        """Leaves the open group behind: it does not survive a fork or a pickle."""
        return {"root": self.root, "steps": self.steps, "pairs": self.pairs}

    def read(self, sample: Mapping[str, Any], pair: int) -> Arrays:
        """See :meth:`Reader.read`."""
        index = sample["index"]
        return Arrays(
            image=self._get("image", index),
            change=self._get("change", index),
            mask=self._get("mask", index),
            instance=self._get("instance", index),
            valid=self._get("valid", index),
        )

    def read_pair(self, sample: Mapping[str, Any], pair: int) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
        """See :meth:`Reader.read_pair`."""
        index = sample["index"]
        images = self._get("image", index, slice(pair, pair + 2))
        return images[0], images[1], self._get("change", index, pair)

    def _get(self, name: str, *selection: int | slice) -> Any:
        try:
            array = self._group[name]
            assert isinstance(array, zarr.Array)
            return np.asarray(array[selection])
        except Exception as error:  # zarr and its codecs raise whatever they like on damaged bytes
            raise StoreError(
                f"cannot read array {name} of {self.root}: {type(error).__name__} {error}; "
                "copy the output again, or run changen again with --overwrite"
            ) from error


@dataclass
class GeoTiffReader:
    """Reads GeoTIFF folders."""

    root: Path
    steps: int
    pairs: tuple[tuple[int, int], ...] | None = None

    def read(self, sample: Mapping[str, Any], pair: int) -> Arrays:
        """See :meth:`Reader.read`."""
        folder = self.root / sample["sample"]
        times = range(self.steps + 1)
        valid = _read(folder / "t0.tif", mask=True) != 0
        return Arrays(
            image=np.stack([_read(folder / f"t{t}.tif") for t in times]),
            change=np.stack([_read(folder / f"change_t{t}_t{t + 1}.tif")[0] for t in times[:-1]]),
            mask=np.stack([_read(folder / f"mask_t{t}.tif")[0] for t in times]),
            instance=np.stack([_read(folder / f"instance_t{t}.tif")[0] for t in times]),
            valid=valid,
        )

    def read_pair(self, sample: Mapping[str, Any], pair: int) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
        """See :meth:`Reader.read_pair`."""
        folder = self.root / sample["sample"]
        label = _read(folder / f"change_t{pair}_t{pair + 1}.tif")[0]
        return _read(folder / f"t{pair}.tif"), _read(folder / f"t{pair + 1}.tif"), label


class LevirReader:
    """Reads the LEVIR layout, whose items are pairs."""

    def __init__(self, root: Path, steps: int) -> None:
        """Names the output; nothing is read yet."""
        self.root = root
        self.pairs: tuple[tuple[int, int], ...] | None = tuple(pairs(steps))

    def read(self, sample: Mapping[str, Any], pair: int) -> Arrays:
        """See :meth:`Reader.read`."""
        before, after, label = self.read_pair(sample, pair)
        return Arrays(image=np.stack([before, after]), change=label[None])

    def read_pair(self, sample: Mapping[str, Any], pair: int) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
        """See :meth:`Reader.read_pair`."""
        assert self.pairs is not None
        folder, name = self.root / TREE / sample["split"], pair_name(sample["sample"], self.pairs[pair])
        label = (_read(folder / "label" / name)[0] != 0).astype(np.uint8)
        return _read(folder / "A" / name), _read(folder / "B" / name), label


def make_reader(format: str, root: Path, steps: int) -> Reader:
    """Returns the reader of a format.

    Raises:
        StoreError: If there is no such format; the output is then of a newer changen.
    """
    if format == "zarr":
        return ZarrReader(root, steps)
    if format == "geotiff":
        return GeoTiffReader(root, steps)
    if format == "levir":
        return LevirReader(root, steps)
    raise StoreError(
        f"{root} has the unknown format {format!r}; read it with the changen that wrote it, or a newer one"
    )


def _open(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return rasterio.open(path)
    except GDAL_ERRORS as error:
        raise StoreError(_damaged(path, error)) from error


def _read(path: Path, *, mask: bool = False) -> AnyArray:
    """Reads the bands of a raster, or its mask."""
    with _open(path) as source:
        try:
            bands: AnyArray = source.dataset_mask() if mask else source.read()
        except GDAL_ERRORS as error:
            raise StoreError(_damaged(path, error)) from error
    return bands


def _damaged(path: Path, error: Exception) -> str:
    return f"cannot read {path}: {error}; copy the output again, or run changen again with --overwrite"
