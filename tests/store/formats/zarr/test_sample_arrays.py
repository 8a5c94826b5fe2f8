from __future__ import annotations

import numpy as np
import zarr

from changen_cli.store.base import Status, StoreSpec
from changen_cli.store.formats.zarr.arrays import Memory, make_group
from changen_cli.store.formats.zarr.sample_arrays import make_tables, shared_attributes
from changen_cli.store.records import SampleRecord

SPEC = StoreSpec(2, 1, 4, 6, 2)
NORTH = (1.0, 0.0, 5.0, 0.0, -1.0, 9.0)


def record(index: int, *, status: Status = Status.DONE, transform: tuple[float, ...] | None = NORTH) -> SampleRecord:
    return SampleRecord(index, f"s{index}", status, "", scene="a", variant=index, crs="", transform=transform)


def test_each_sample_has_its_values() -> None:
    store: Memory = {}
    group = make_group(SPEC, store, {})
    make_tables(group, [record(0), record(1, status=Status.FAILED, transform=None)], "/")
    found = {name: array[...] for name, array in group.arrays()}
    assert np.asarray(found["status"]).tolist() == [1, 3]
    assert np.asarray(found["variant"]).tolist() == [0, 1]
    assert np.asarray(found["id"]).tolist() == ["s0", "s1"]
    assert np.isnan(np.asarray(found["transform"])[1]).all()
    assert "status/c/0" in store
    assert isinstance(group["status"], zarr.Array)


def test_what_all_share() -> None:
    assert shared_attributes(SPEC, [record(0), record(1)])["spatial:transform"] == list(NORTH)
    moved = record(1, transform=(1.0, 0.0, 6.0, 0.0, -1.0, 9.0))
    assert "spatial:transform" not in shared_attributes(SPEC, [record(0), moved])
