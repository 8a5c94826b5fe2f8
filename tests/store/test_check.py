from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from changen_cli.errors import StoreError
from changen_cli.store.base import Outcome, Series, Status, StoreSpec
from changen_cli.store.check import check_shard, shard_range

SPEC = StoreSpec(samples=3, steps=2, height=24, width=40, shard_samples=2)


def test_the_last_shard_is_short() -> None:
    assert list(shard_range(SPEC, 0)) == [0, 1]
    assert list(shard_range(SPEC, 1)) == [2]
    with pytest.raises(StoreError, match="shard 2 does not exist"):
        shard_range(SPEC, 2)


def test_a_good_shard_passes(make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    check_shard(SPEC, 1, [Outcome(series.id, Status.DONE, series=series)])
    check_shard(SPEC, 1, [Outcome("a__r0_c0", Status.SKIPPED, "empty")])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": np.zeros((3, 3, 24, 41), np.uint8)}, r"images is uint8 \[3, 3, 24, 41\]"),
        ({"masks": np.zeros((3, 24, 40), np.int64)}, "masks is int64"),
        ({"instances": np.zeros((2, 24, 40), np.int32)}, "instances"),
        ({"valid": np.zeros((24, 40), np.uint8)}, "valid is uint8"),
        ({"split": "training"}, "split 'training' is none of"),
        ({"id": "another"}, "another id"),
    ],
)
def test_a_series_of_another_shape_is_refused(
    make_series: Callable[..., Series], changes: dict[str, object], words: str
) -> None:
    series = make_series(0)
    with pytest.raises(StoreError, match=words):
        check_shard(SPEC, 1, [Outcome(series.id, Status.DONE, series=replace(series, **changes))])


@pytest.mark.parametrize("id_", ["", ".hidden", "a/b", "a\\b", "a\x00b", ".."])
def test_an_id_that_is_no_file_name_is_refused(id_: str) -> None:
    with pytest.raises(StoreError, match="cannot be a file name"):
        check_shard(SPEC, 1, [Outcome(id_, Status.SKIPPED, "empty")])


def test_number_ids_and_status_are_checked() -> None:
    skipped = Outcome("a__r0_c0", Status.SKIPPED, "empty")
    with pytest.raises(StoreError, match="takes 2 samples, not 1"):
        check_shard(SPEC, 0, [skipped])
    with pytest.raises(StoreError, match="two samples of one id"):
        check_shard(SPEC, 0, [skipped, skipped])
    with pytest.raises(StoreError, match="does not fit its series"):
        check_shard(SPEC, 1, [Outcome("a__r0_c0", Status.DONE)])
