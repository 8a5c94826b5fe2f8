from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr
from numcodecs import Blosc
from zarr.codecs import BloscCodec

from changen_cli.store.formats.zarr.shard_codec import encode_shard


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool"])
def test_zarr_reads_what_is_encoded(tmp_path: Path, dtype: str) -> None:
    draw = np.random.default_rng(0)
    values = draw.integers(0, 2 if dtype == "bool" else 200, (3, 4, 32, 16)).astype(dtype)
    values[1, 2] = 0  # not stored at all
    data = encode_shard(list(values), 2, Blosc("zstd", 3, Blosc.SHUFFLE))
    assert data is not None
    array = zarr.create_array(
        tmp_path, shape=values.shape, shards=values.shape, chunks=(1, 1, 32, 16), dtype=dtype, fill_value=0,
        compressors=[BloscCodec(typesize=values.itemsize, cname="zstd", clevel=3, shuffle="shuffle")],
    )  # fmt: skip
    path = tmp_path / "c" / "0" / "0" / "0" / "0"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    assert np.array_equal(array[...], values)
    assert np.array_equal(array[1, 1:3, 4:9], values[1, 1:3, 4:9])
    damaged = bytearray(data)
    damaged[-20] ^= 1  # in the index, which the checksum guards
    path.write_bytes(bytes(damaged))
    with pytest.raises(ValueError, match="checksum"):
        array[...]


def test_nothing_but_zeros_is_no_file() -> None:
    assert encode_shard(list(np.zeros((2, 8, 8), np.uint8)), 2, Blosc()) is None


def test_the_same_values_give_the_same_bytes() -> None:
    values = np.random.default_rng(1).integers(0, 255, (4, 3, 64, 64)).astype(np.uint8)
    codec = Blosc("zstd", 1, Blosc.BITSHUFFLE)
    assert encode_shard(list(values), 3, codec) == encode_shard(list(values.copy()), 3, codec)
