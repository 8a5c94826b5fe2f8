"""The arrays of the Zarr store, and how each is made in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import zarr
from numcodecs import Blosc
from zarr.codecs import BloscCodec, ZstdCodec
from zarr.core.buffer import Buffer
from zarr.storage import MemoryStore

from changen_cli.store.base import Outcome, Status, StoreSpec
from changen_cli.store.formats.zarr.loop import end_loop_in_time
from changen_cli.types import AnyArray

end_loop_in_time()  # whoever imports this reads or writes Zarr

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
STRINGS = ("id", "scene", "split", "source", "crs")
"""Arrays of one string per sample."""

ARRAYS = ("image", "mask", "instance", "change", "valid", "status", "variant", "transform", *STRINGS)
"""All arrays of the group."""

_SAMPLES_PER_CHUNK = 16384


@dataclass(frozen=True, slots=True)
class Pixels:
    """One of the five pixel arrays.

    Attributes:
        name: Of the array.
        dimensions: Names of its dimensions, ``sample`` first.
        shape: Shape of one sample.
        dtype: Of its values.
    """

    name: str
    dimensions: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str

    @property
    def plane(self) -> int:
        """How many dimensions a frame has: the inner chunk is one frame."""
        return 3 if "band" in self.dimensions else 2

    @property
    def codec(self) -> BloscCodec:
        """How its chunks are compressed.

        Bit shuffle and the lowest level of Zstandard pack aerial imagery better than the higher levels without shuffle,
        in a fraction of their time; labels pack a hundredfold with anything.
        """
        if self.dtype == "int32":
            return BloscCodec(typesize=4, cname="zstd", clevel=3, shuffle="shuffle")
        return BloscCodec(typesize=1, cname="zstd", clevel=1 if "band" in self.dimensions else 3, shuffle="bitshuffle")

    @property
    def compressor(self) -> Blosc:
        """The same codec as numcodecs has it."""
        codec = self.codec
        return Blosc(codec.cname.value, codec.clevel, getattr(Blosc, codec.shuffle.value.upper()))


def pixel_arrays(spec: StoreSpec) -> dict[str, Pixels]:
    """Returns the five pixel arrays of a store by name."""
    size, times = (spec.height, spec.width), spec.steps + 1
    return {
        "image": Pixels("image", ("sample", "time", "band", "y", "x"), (times, 3, *size), "uint8"),
        "mask": Pixels("mask", ("sample", "time", "y", "x"), (times, *size), "uint8"),
        "instance": Pixels("instance", ("sample", "time", "y", "x"), (times, *size), "int32"),
        "change": Pixels("change", ("sample", "step", "y", "x"), (spec.steps, *size), "uint8"),
        "valid": Pixels("valid", ("sample", "y", "x"), size, "bool"),
    }


def shard_values(spec: StoreSpec, outcomes: Sequence[Outcome]) -> Iterator[tuple[Pixels, list[AnyArray]]]:
    """Yields the pixel arrays and the values of a shard of each, sample by sample, from where they lie in memory.

    A sample that is not done, and one that pads the last shard, is 0.
    """
    stored = [None if outcome.series is None else outcome.series.arrays() for outcome in outcomes]
    for name, pixels in pixel_arrays(spec).items():
        nothing = np.zeros(pixels.shape, pixels.dtype)
        values = [nothing if each is None else np.asarray(each[name], pixels.dtype) for each in stored]
        yield pixels, [*values, *[nothing] * (spec.shard_samples - len(values))]


def make_group(spec: StoreSpec, store: Memory, attributes: Mapping[str, object]) -> zarr.Group:
    """Makes the group in memory.

    Args:
        spec: The shape of the store.
        store: Where its keys go.
        attributes: JSON attributes beside our own.
    """
    everything: dict[str, object] = {"changen": {"version": 1, "shard_samples": spec.shard_samples}, **attributes}
    return zarr.create_group(MemoryStore(store), zarr_format=3, attributes=everything)


def make_pixels(spec: StoreSpec, group: zarr.Group, pixels: Pixels, separator: Literal[".", "/"] = ".") -> None:
    """Makes one pixel array, without a value.

    Args:
        spec: The shape of the store.
        group: Where it goes.
        pixels: Which.
        separator: Between the numbers of a chunk in its key.
    """
    whole = (spec.samples, *pixels.shape)
    bands = {"bands": ["red", "green", "blue"]} if pixels.name == "image" else {}
    group.create_array(
        pixels.name,
        shape=whole,
        shards=(spec.shard_samples, *pixels.shape),
        chunks=(*(1 for _ in whole[: -pixels.plane]), *whole[-pixels.plane :]),
        dtype=pixels.dtype,
        compressors=[pixels.codec],
        fill_value=0,
        dimension_names=pixels.dimensions,
        # One flat folder per array: five levels of folders per shard would each need a sync of their own.
        chunk_key_encoding={"name": "default", "separator": separator},
        attributes={"description": _DESCRIPTIONS[pixels.name], **bands},
    )


def make_table(
    group: zarr.Group,
    name: str,
    dimensions: tuple[str, ...],
    values: AnyArray,
    fill: float | None = None,
    separator: Literal[".", "/"] = ".",
) -> None:
    """Makes an array of one value, or one row of values, per sample.

    Args:
        group: The group in memory.
        name: Of the array.
        dimensions: Names of its dimensions.
        values: [samples] or [samples, n]; dtype object for strings.
        fill: Fill value of numbers, 0 where it is not given; that of strings is empty.
        separator: Between the numbers of a chunk in its key.
    """
    text = values.dtype == object
    array = group.create_array(
        name,
        shape=values.shape,
        chunks=(max(1, min(_SAMPLES_PER_CHUNK, len(values))), *values.shape[1:]),
        dtype=str if text else values.dtype,
        compressors=[ZstdCodec(level=3)],
        fill_value="" if text else (0 if fill is None else fill),
        dimension_names=dimensions,
        chunk_key_encoding={"name": "default", "separator": separator},
        attributes={"description": _DESCRIPTIONS[name]} if name in _DESCRIPTIONS else {},
    )
    array[...] = values


def contents(store: Memory) -> list[tuple[str, bytes]]:
    """Returns the keys of a store in memory, sorted, and what is under them."""
    return sorted((key, value.to_bytes()) for key, value in store.items())
