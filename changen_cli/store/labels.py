"""Labels held against each other: masks, change masks, the record of a sample and the table of changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

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
    """Checks the samples of a shard, reading all their pixels; those of whole scenes window by window.

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
    changes = data.changes_of(place)
    made = Counter(one.event for one in changes)
    if dict(made) != record.changes:
        yield f"events.parquet has the changes {dict(sorted(made.items()))}, the record {record.changes}"
    found = _Found(record)
    for part in data.parts(place):
        found.add(part, changes)
    yield from found.reasons()


class _Found:
    """What the parts of one series say, added up."""

    def __init__(self, record: SampleRecord) -> None:
        self.record = record
        self.changed: Counter[int] = Counter()
        self.strange: Counter[int] = Counter()
        self.valid: Counter[int] = Counter()
        self.masks_differ = self.instances_differ = False

    def add(self, part: Sample, changes: Sequence[Change]) -> None:
        """Counts a part; a format that stores pairs has no masks in it."""
        for time, change in zip(part.times[1:], part.change, strict=True):
            self.changed[time] += int(np.count_nonzero(change))
        if part.valid is not None:
            self.valid[part.times[0]] += int(np.count_nonzero(part.valid))
        if part.mask is None:
            return
        self.masks_differ |= not np.array_equal(part.change != 0, part.mask[1:] != part.mask[:-1])
        if part.instance is None:
            return
        self.instances_differ |= not np.array_equal(part.instance != 0, part.mask != 0)
        for step in range(1, len(part.times)):
            time = part.times[step]
            uids = {one.uid for change in changes if change.step == time for one in _objects(change)}
            self.strange[time] += _unexplained(part.mask[step - 1 : step + 1], part.instance[step - 1 : step + 1], uids)

    def reasons(self) -> Iterator[str]:
        """Says what does not agree."""
        counts = tuple(count for _, count in sorted(self.changed.items()))
        if counts != self.record.changed_pixels:
            yield f"its change masks have {counts} changed pixels, the record {self.record.changed_pixels}"
        if wrong := [count for count in self.valid.values() if count != self.record.valid_pixels]:
            yield f"{wrong[0]} pixels are valid, by the record {self.record.valid_pixels}"
        if self.masks_differ:
            yield "its change masks are not where its class masks differ"
        if self.instances_differ:
            yield "its instance masks are not where its class masks are"
        for time, count in sorted(self.strange.items()):
            if count:
                yield f"{count} pixels change at step {time} where no event of that step is"


def _objects(change: Change) -> list[Footprint]:
    return [footprint for footprint in (change.before, change.after) if footprint is not None]


def _unexplained(mask: UInt8Array, instance: Int32Array, uids: set[int]) -> int:
    """Counts pixels that differ between two states, though neither object there is one that an event is about."""
    differs = (mask[0] != mask[1]) | (instance[0] != instance[1])
    known = np.isin(instance[:, differs], np.array(sorted(uids), np.int32))
    return int(np.count_nonzero(~known.any(axis=0)))
