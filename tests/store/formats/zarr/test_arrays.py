from __future__ import annotations

import json

import numpy as np
import pytest
import zarr

from changen_cli.store.base import StoreSpec
from changen_cli.store.formats.zarr.arrays import (
    ARRAYS,
    Memory,
    contents,
    make_group,
    make_pixels,
    make_table,
    pixel_arrays,
)
from changen_cli.types import AnyArray

SPEC = StoreSpec(samples=5, steps=2, height=24, width=40, shard_samples=2)


def metadata(store: Memory, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(dict(contents(store))[f"{name}/zarr.json"])
    return found


def test_one_sample_of_each_pixel_array() -> None:
    arrays = pixel_arrays(SPEC)
    assert {name: (pixels.shape, pixels.dtype, pixels.plane) for name, pixels in arrays.items()} == {
        "image": ((3, 3, 24, 40), "uint8", 3),
        "mask": ((3, 24, 40), "uint8", 2),
        "instance": ((3, 24, 40), "int32", 2),
        "change": ((2, 24, 40), "uint8", 2),
        "valid": ((24, 40), "bool", 2),
    }
    assert set(arrays) < set(ARRAYS)
    assert all(len(pixels.dimensions) == 1 + len(pixels.shape) for pixels in arrays.values())


@pytest.mark.parametrize("name", list(pixel_arrays(SPEC)))
def test_both_codecs_of_an_array_are_one(name: str) -> None:
    pixels = pixel_arrays(SPEC)[name]
    ours, zarrs = pixels.compressor.get_config(), pixels.codec.to_dict()["configuration"]
    assert isinstance(zarrs, dict)
    assert (ours["cname"], ours["clevel"]) == (zarrs["cname"], zarrs["clevel"])
    assert {1: "shuffle", 2: "bitshuffle"}[ours["shuffle"]] == zarrs["shuffle"]


def test_pixels_have_a_shard_of_work_a_file() -> None:
    store: Memory = {}
    group = make_group(SPEC, store, {"license": "CC0-1.0"})
    for pixels in pixel_arrays(SPEC).values():
        make_pixels(SPEC, group, pixels)
    assert [name for name, _ in contents(store)] == sorted(
        ["zarr.json", *(f"{name}/zarr.json" for name in pixel_arrays(SPEC))]
    )
    image = metadata(store, "image")
    assert image["shape"] == [5, 3, 3, 24, 40]
    assert image["chunk_grid"] == {"name": "regular", "configuration": {"chunk_shape": [2, 3, 3, 24, 40]}}
    assert image["dimension_names"] == ["sample", "time", "band", "y", "x"]
    assert image["chunk_key_encoding"] == {"name": "default", "configuration": {"separator": "."}}
    assert image["attributes"] == {
        "description": "red, green, blue; 0 where not valid",
        "bands": ["red", "green", "blue"],
    }
    attributes = json.loads(dict(contents(store))["zarr.json"])["attributes"]
    assert attributes == {"changen": {"version": 1, "shard_samples": 2}, "license": "CC0-1.0"}


@pytest.mark.parametrize(
    ("name", "values", "fill", "stored"),
    [
        ("status", np.array([1, 2, 3], np.uint8), None, 0),
        ("variant", np.array([0, -1, 4], np.int32), -1.0, -1),
        ("scene", np.array(["kampala", "Zürich", ""], object), None, ""),
    ],
)
def test_tables_have_a_value_a_sample(name: str, values: AnyArray, fill: float | None, stored: object) -> None:
    store: Memory = {}
    group = make_group(SPEC, store, {})
    make_table(group, name, ("sample",), values, fill)
    assert metadata(store, name)["fill_value"] == stored
    assert metadata(store, name)["dimension_names"] == ["sample"]
    found = group[name]
    assert isinstance(found, zarr.Array)
    assert np.asarray(found[...]).tolist() == values.tolist()


def test_the_same_values_give_the_same_bytes() -> None:
    stores: list[Memory] = [{}, {}]
    for store in stores:
        make_table(make_group(SPEC, store, {}), "transform", ("sample", "term"), np.ones((4, 6)), fill=np.nan)
    assert contents(stores[0]) == contents(stores[1])
