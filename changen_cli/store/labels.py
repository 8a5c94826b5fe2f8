"""Labels held against each other: masks, change masks, the record of a sample and the table of changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from changen_cli.errors import StoreError
from changen_cli.events.base import Change
from changen_cli.scenes.layout import Footprint
from changen_cli.store.base import Status
from changen_cli.store.damage import Kind, Problem
from changen_cli.store.records import SampleRecord, ShardRecord
from changen_cli.store.sample import Sample
from changen_cli.store.series import SeriesDataset
from changen_cli.types import Int32Array, UInt8Array


def check_labels(data: SeriesDataset, record: ShardRecord) -> Iterator[Problem]:
    """Checks the samples of a shard, reading all their pixels.

    - A change mask is where two consecutive class masks differ (S_t xor S_t+1), and an instance stands where a class
      does.
    - The record has as many changed pixels for each step, and as many valid ones, as the masks.
    - ``events.parquet`` has as many changes of each event as the record, and wherever two states differ stands, before
      or after, an object that an event of this step is about.
    - ``samples.parquet`` says the same of the sample as the record.

    Args:
        data: The output; tables and metadata are as they were written.
        record: The record of the shard, whose files are as they were written.

    Yields:
        What does not agree.
    """
    rows = data.table.slice(record.samples[0].index, len(record.samples)).to_pylist() if record.samples else []
    places = np.searchsorted(data.rows, [sample.index for sample in record.samples])
    if len(rows) != len(record.samples):
        yield Problem(Kind.LABELS, "samples.parquet", f"it lacks samples of shard {record.index}", record.index)
        return
    for sample, row, place in zip(record.samples, rows, places, strict=True):
        told = (row["index"], row["sample"], row["status"], row["split"], row["changes"])
        known = (sample.index, sample.id, sample.status, sample.split, sum(sample.changes.values()))
        if told != known:
            reasons = [f"samples.parquet says {told}, the record {known}"]
        elif sample.status is Status.DONE:
            try:
                reasons = list(_check_sample(data, sample, int(place)))
            except StoreError as error:
                reasons = [str(error)]
        else:
            reasons = []
        for reason in reasons:
            yield Problem(Kind.LABELS, sample.id, reason, record.index)


def _check_sample(data: SeriesDataset, record: SampleRecord, place: int) -> Iterator[str]:
    """Says what does not agree in one series."""
    if data.items == "series":
        items = [data[place]]
    else:
        items = [data.read_step(place * data.steps + step) for step in range(data.steps)]
    change = np.concatenate([item.change for item in items])
    made = Counter(one.event for item in items for one in item.changes)
    if dict(made) != record.changes:
        yield f"events.parquet has the changes {dict(sorted(made.items()))}, the record {record.changes}"
    counts = tuple(int(np.count_nonzero(step)) for step in change)
    if counts != record.changed_pixels:
        yield f"its change masks have {counts} changed pixels, the record {record.changed_pixels}"
    for item in items:
        yield from _check_masks(item, record)


def _check_masks(item: Sample, record: SampleRecord) -> Iterator[str]:
    """Says what does not agree in the masks of an item; a format that stores pairs has none."""
    if item.valid is not None and int(np.count_nonzero(item.valid)) != record.valid_pixels:
        yield f"{int(np.count_nonzero(item.valid))} pixels are valid, by the record {record.valid_pixels}"
    if item.mask is None:
        return
    if not np.array_equal(item.change != 0, item.mask[1:] != item.mask[:-1]):
        yield "its change masks are not where its class masks differ"
    if item.instance is None:
        return
    if not np.array_equal(item.instance != 0, item.mask != 0):
        yield "its instance masks are not where its class masks are"
    for step in range(1, len(item.times)):
        uids = {one.uid for change in item.changes if change.step == item.times[step] for one in _objects(change)}
        strange = _unexplained(item.mask[step - 1 : step + 1], item.instance[step - 1 : step + 1], uids)
        if strange:
            yield f"{strange} pixels change at step {item.times[step]} where no event of that step is"


def _objects(change: Change) -> list[Footprint]:
    return [footprint for footprint in (change.before, change.after) if footprint is not None]


def _unexplained(mask: UInt8Array, instance: Int32Array, uids: set[int]) -> int:
    """Counts pixels that differ between two states, though neither object there is one that an event is about."""
    differs = (mask[0] != mask[1]) | (instance[0] != instance[1])
    known = np.isin(instance[:, differs], np.array(sorted(uids), np.int32))
    return int(np.count_nonzero(~known.any(axis=0)))
