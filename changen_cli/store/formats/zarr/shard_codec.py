"""Bytes of a Zarr v3 shard: inner chunks behind one another, then an index of where each is, then its CRC-32C.

This is the ``sharding_indexed`` codec of the Zarr specification, version 1.0, with the index at the end. zarr-python
reads what is written here; its own encoder takes 2.6 times as long for images, 1.4 for labels (about 0.8 ms a frame).
Samples are encoded from where they lie: putting a shard together in memory first costs half as much as packing it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import google_crc32c
import numpy as np
from numcodecs import Blosc, blosc

from changen_cli.types import AnyArray

MISSING = np.uint64(2**64 - 1)
"""Offset and length of a chunk that is all fill value, and so not stored."""


def encode_shard(values: Sequence[AnyArray], plane: int, codec: Blosc) -> bytes | None:
    """Encodes one shard.

    Args:
        values: The samples of the whole shard, all of one shape; their fill value is 0.
        plane: How many of the last dimensions one inner chunk spans; it is 1 long in the others.
        codec: Compresses an inner chunk.

    Returns:
        The file of the shard; None if everything is 0, for then there is none. The same values give the same bytes.
    """
    chunks = [chunk for one in values for chunk in one.reshape(-1, *one.shape[-plane:])]
    index = np.full((len(chunks), 2), MISSING, "<u8")
    parts: list[bytes] = []
    offset = 0
    ones = None
    with _one_thread():
        for number, chunk in enumerate(chunks):
            if chunk.any():
                if chunk.dtype == np.bool_ and chunk.all():  # nearly every sample is valid everywhere
                    data = ones = ones or bytes(codec.encode(chunk))
                else:
                    data = bytes(codec.encode(chunk))
                index[number] = offset, len(data)
                parts.append(data)
                offset += len(data)
    if not parts:
        return None
    table = index.tobytes()
    return b"".join((*parts, table, struct.pack("<I", google_crc32c.value(table))))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keeps Blosc from starting threads: the generator needs the cores more."""
    before = blosc.use_threads
    blosc.use_threads = False
    try:
        yield
    finally:
        blosc.use_threads = before
