"""What is recorded of a shard: a JSON file whose being there means that the shard is done."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from changen_cli.errors import StoreError
from changen_cli.events.base import Shortfall
from changen_cli.files import HOME, Checksum
from changen_cli.store.base import AnyOutcome, Status, StoreSpec
from changen_cli.store.check import shard_range
from changen_cli.store.sealed import SEAL, read_checksums, seal, unseal


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """What is recorded of one sample.

    Attributes:
        index: Place on the sample axis.
        id: Id of the sample.
        status: Done, skipped or failed.
        reason: Why it is not done; empty when it is.
        scene: Id of its scene; None unless done, like ``tile``, ``variant``, ``split`` and ``source``.
        tile: Id of its tile in the scene.
        variant: 0 .. variants - 1.
        split: "train", "val" or "test".
        source: Path or URL of the source raster.
        crs: WKT of its CRS; None without.
        transform: a, b, c, d, e, f of x = a col + b row + c, y = d col + e row + f; None without.
        changes: Number of changes by event; empty unless done, like all that follows.
        shortfalls: What its events could not do.
        changed_pixels: Pixels that differ between S_t and S_t+1, one number a step.
        valid_pixels: Pixels where the source has data.
        size: Rows and columns, where they are not those of the store.
        read: Digest of the tile as it was read.
    """

    index: int
    id: str
    status: Status
    reason: str
    scene: str | None = None
    tile: str | None = None
    variant: int | None = None
    split: str | None = None
    source: str | None = None
    crs: str | None = None
    transform: tuple[float, ...] | None = None
    changes: dict[str, int] = field(default_factory=dict)
    shortfalls: tuple[Shortfall, ...] = ()
    changed_pixels: tuple[int, ...] = ()
    valid_pixels: int = 0
    size: tuple[int, int] | None = None
    read: str = ""


@dataclass(frozen=True, slots=True)
class ShardRecord:
    """What is recorded of a shard.

    Attributes:
        index: Which shard.
        samples: Its samples, in order.
        files: Checksum of every file of the shard by its path in the output, "/" between folders; the record itself
            is sealed. Empty in outputs of a changen that had no checksums (version 1).
    """

    index: int
    samples: tuple[SampleRecord, ...]
    files: Mapping[str, Checksum] = field(default_factory=dict)

    def summary(self) -> ShardSummary:
        """Counts the samples by status, and their changes and shortfalls by event."""
        changes: Counter[str] = Counter()
        shortfalls: Counter[str] = Counter()
        for sample in self.samples:
            changes.update(sample.changes)
            for shortfall in sample.shortfalls:
                shortfalls[shortfall.event] += shortfall.wanted - shortfall.made
        return ShardSummary(
            index=self.index,
            statuses=dict(sorted(Counter(str(sample.status) for sample in self.samples).items())),
            changes=dict(sorted(changes.items())),
            shortfalls=dict(sorted(shortfalls.items())),
            problems=tuple((s.id, str(s.status), s.reason) for s in self.samples if s.status is not Status.DONE),
        )


@dataclass(frozen=True, slots=True)
class ShardSummary:
    """The counts of a shard, small enough to send from a worker to the pipeline.

    Attributes:
        index: Which shard.
        statuses: Number of samples by status ("done", "skipped", "failed"); no zeros.
        changes: Number of changes by event.
        shortfalls: Number of changes that were asked for and could not be made, by event.
        problems: Id, status and reason of every sample that is not done.
    """

    index: int
    statuses: dict[str, int]
    changes: dict[str, int]
    shortfalls: dict[str, int]
    problems: tuple[tuple[str, str, str], ...]


_SAMPLES = TypeAdapter(tuple[SampleRecord, ...])


def record_path(root: Path, index: int) -> Path:
    """Returns the path of the record of a shard."""
    return root / HOME / "shards" / f"{index:06d}.json"


def events_path(root: Path, index: int) -> Path:
    """Returns the path of the events of a shard."""
    return root / HOME / "shards" / f"{index:06d}.parquet"


def looks_path(root: Path, index: int) -> Path:
    """Returns the path of the looks of a shard; there only if its series have looks."""
    return root / HOME / "shards" / f"{index:06d}.looks.parquet"


def conditions_path(root: Path, index: int) -> Path:
    """Returns the path of the conditions of a shard; there only if its series have conditions."""
    return root / HOME / "shards" / f"{index:06d}.conditions.parquet"


def make_record(
    spec: StoreSpec, index: int, outcomes: Sequence[AnyOutcome], files: Mapping[str, Checksum] | None = None
) -> ShardRecord:
    """Makes the record of a shard.

    Args:
        spec: The shape of the store.
        index: Which shard, 0 .. ``spec.shards`` - 1.
        outcomes: Its samples, in order.
        files: Checksum of every file of the shard by its path in the output.

    Raises:
        StoreError: If the store has no such shard.
    """
    places = shard_range(spec, index)
    samples = tuple(_make_sample(spec, *pair) for pair in zip(places, outcomes, strict=True))
    return ShardRecord(index, samples, files or {})


def _make_sample(spec: StoreSpec, place: int, outcome: AnyOutcome) -> SampleRecord:
    """Makes the record of a sample."""
    series = outcome.series
    if series is None:
        return SampleRecord(place, outcome.id, outcome.status, outcome.reason)
    events = Counter(change.event for step in series.history.changes for change in step)
    return SampleRecord(
        index=place,
        id=outcome.id,
        status=outcome.status,
        reason=outcome.reason,
        scene=series.scene,
        tile=series.tile,
        variant=series.variant,
        split=series.split,
        source=series.source,
        crs=series.crs or None,
        transform=None if series.transform is None else tuple(float(term) for term in tuple(series.transform)[:6]),
        changes=dict(sorted(events.items())),
        shortfalls=series.history.shortfalls,
        changed_pixels=series.changed_pixels,
        valid_pixels=series.valid_pixels,
        size=None if series.size == (spec.height, spec.width) else series.size,
        read=series.read,
    )


def encode_record(record: ShardRecord) -> bytes:
    """Returns the file of a record, sealed.

    It is ``{"shard": index, "crs": [WKT, ...], "samples": [...], "files": {path: checksum}}``. The CRS of a sample is a
    number into the list, because a thousand samples share one long text.
    """
    codes: dict[str, int] = {}
    samples: list[dict[str, object]] = []
    for sample in record.samples:
        code = None if sample.crs is None else codes.setdefault(sample.crs, len(codes))
        entry = {each.name: getattr(sample, each.name) for each in fields(sample)}  # asdict() copies all of it
        entry |= {"crs": code, "shortfalls": [asdict(shortfall) for shortfall in sample.shortfalls]}
        if sample.size is None:
            del entry["size"]
        samples.append(entry)
    files = {path: str(found) for path, found in record.files.items()}
    return seal({"shard": record.index, "crs": list(codes), "samples": samples, "files": files})


def read_record(path: Path) -> ShardRecord:
    """Reads the record of a shard, each sample with its CRS as WKT.

    Raises:
        StoreError: If it cannot be read, or has changed since it was written; a record is written whole, so something
            else has damaged it.
    """
    try:
        data = path.read_bytes()
        record = json.loads(data)
        if SEAL in record or "files" in record:  # neither is there in an output of version 1
            record = unseal(data)
        # Interned, because a million samples share one long text.
        codes = [sys.intern(crs) for crs in record["crs"]]
        samples = [{**s, "crs": None if s["crs"] is None else codes[s["crs"]]} for s in record["samples"]]
        files = read_checksums(record.get("files", {}))
        return ShardRecord(int(record["shard"]), _SAMPLES.validate_python(samples), files)
    except (
        OSError,
        ValueError,
        KeyError,
        OverflowError,
        TypeError,
        IndexError,
        AttributeError,
        RecursionError,
    ) as error:
        raise StoreError(
            f"cannot read {path}: {_reason(error)}; run the same command again to write this shard anew"
        ) from error


def _reason(error: Exception) -> str:
    """Says in one line why a record cannot be read: the first thing that pydantic found, or the error's own message."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    return f"sample {'.'.join(str(step) for step in first['loc'])}: {first['msg']}"
