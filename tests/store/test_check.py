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


def fits(spec: StoreSpec, outcome: Outcome) -> bool:
    try:
        check_shard(spec, 1, [outcome])
    except StoreError:
        return False
    return True


def test_a_series_fits_a_store_of_its_shape_alone(make_series: Callable[..., Series]) -> None:
    done, skipped = Outcome("kampala__r0_c0", Status.DONE, series=make_series(0)), Outcome("a", Status.SKIPPED, "empty")
    assert fits(SPEC, done)
    for other in (replace(SPEC, width=41), replace(SPEC, height=23), replace(SPEC, steps=1)):
        assert not fits(other, done)
        assert fits(other, skipped)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: replace(s, images=np.zeros((3, 3, 24, 41), np.uint8)), r"images is uint8 \[3, 3, 24, 41\]"),
        (lambda s: replace(s, masks=np.zeros((3, 24, 40), np.int64)), "masks is int64"),
        (lambda s: replace(s, instances=np.zeros((2, 24, 40), np.int32)), "instances"),
        (lambda s: replace(s, valid=np.zeros((24, 40), np.uint8)), "valid is uint8"),
        (lambda s: replace(s, split="training"), "split 'training' is none of"),
        (lambda s: replace(s, id="another"), "another id"),
    ],
)
def test_a_series_of_another_shape_is_refused(
    make_series: Callable[..., Series], change: Callable[[Series], Series], words: str
) -> None:
    series = make_series(0)
    with pytest.raises(StoreError, match=words):
        check_shard(SPEC, 1, [Outcome(series.id, Status.DONE, series=change(series))])


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
