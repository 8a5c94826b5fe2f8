"""The checks of a shard before it is written, so that a format need not repeat them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from changen_cli.errors import StoreError
from changen_cli.store.base import AnyOutcome, Outcome, SceneSeries, Series, Status, StoreSpec
from changen_cli.types import Split

_UNSAFE = re.compile(r"[/\\\x00-\x1f]|^\.|^$")


def shard_range(spec: StoreSpec, index: int) -> range:
    """Returns the places on the sample axis that a shard covers.

    Raises:
        StoreError: If the store has no such shard.
    """
    if not 0 <= index < spec.shards:
        raise StoreError(f"shard {index} does not exist; the store has shards 0 to {spec.shards - 1}")
    return range(index * spec.shard_samples, min((index + 1) * spec.shard_samples, spec.samples))


def check_shard(spec: StoreSpec, index: int, outcomes: Sequence[Outcome]) -> None:
    """Checks that the outcomes are those of the shard, and that every series has the shape of the store.

    Args:
        spec: The shape of the store.
        index: Which shard.
        outcomes: What is about to be written.

    Raises:
        StoreError: If the number, the ids, a shape or a dtype is wrong; the message names the sample.
    """
    wanted = len(shard_range(spec, index))
    if len(outcomes) != wanted:
        raise StoreError(f"shard {index} takes {wanted} samples, not {len(outcomes)}")
    if len({outcome.id for outcome in outcomes}) != wanted:
        raise StoreError(f"shard {index} has two samples of one id; ids must be unique in a run")
    for outcome in outcomes:
        check_outcome(spec, outcome)
        if outcome.series is not None:
            _check_pixels(spec, outcome.id, outcome.series)


def check_outcome(spec: StoreSpec, outcome: AnyOutcome) -> None:
    """Checks what an outcome says beside its pixels.

    Args:
        spec: The shape of the store.
        outcome: What is about to be written.

    Raises:
        StoreError: If its id cannot be a file name, or something does not fit; the message names the sample.
    """
    if _UNSAFE.search(outcome.id):
        raise StoreError(f"sample id {outcome.id!r} cannot be a file name; rename its scene")
    if (outcome.status is Status.DONE) != (outcome.series is not None):
        raise StoreError(f"sample {outcome.id} is {outcome.status}, which does not fit its series")
    if outcome.series is not None:
        _check_series(spec, outcome.id, outcome.series)


def _check_pixels(spec: StoreSpec, id_: str, series: Series) -> None:
    """Checks the arrays of one series against the spec."""
    times, size = spec.steps + 1, (spec.height, spec.width)
    for name, array, shape, dtype in (
        ("images", series.images, (times, 3, *size), np.uint8),
        ("masks", series.masks, (times, *size), np.uint8),
        ("instances", series.instances, (times, *size), np.int32),
        ("valid", series.valid, size, np.bool_),
    ):
        if array.shape != shape or array.dtype != dtype:
            raise StoreError(
                f"sample {id_}: {name} is {array.dtype} {list(array.shape)}, "
                f"the store takes {np.dtype(dtype)} {list(shape)}"
            )


def _check_series(spec: StoreSpec, id_: str, series: Series | SceneSeries) -> None:
    """Checks what is said of a series."""
    times = spec.steps + 1
    looks = series.looks
    if looks is not None:
        rows = len(looks.uids), times
        if (len(looks.codes), len(looks.ground)) != rows or looks.codes.shape[1:] != looks.ground.shape[1:]:
            raise StoreError(
                f"sample {id_}: looks are {list(looks.codes.shape)} of {rows[0]} objects and "
                f"{list(looks.ground.shape)} of the ground at {times} dates"
            )
    if series.conditions and len(series.conditions) != times:
        raise StoreError(f"sample {id_}: conditions are of {len(series.conditions)} dates, the store has {times}")
    if series.id != id_:
        raise StoreError(f"sample {id_} holds a series of another id, {series.id}")
    if series.split not in tuple(Split):
        raise StoreError(f"sample {id_}: split {series.split!r} is none of {', '.join(Split)}")
