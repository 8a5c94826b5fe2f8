"""What is recorded of a shard: a JSON file whose being there means that the shard is done."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from changen_cli.errors import StoreError
from changen_cli.files import HOME
from changen_cli.store.base import Outcome, Status, StoreSpec
from changen_cli.store.check import shard_range

Record = dict[str, Any]
"""JSON values."""


@dataclass(frozen=True, slots=True)
class ShardSummary:
    """What became of a shard, small enough to send from a worker to the pipeline.

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


def record_path(root: Path, index: int) -> Path:
    """Returns the path of the record of a shard."""
    return root / HOME / "shards" / f"{index:06d}.json"


def events_path(root: Path, index: int) -> Path:
    """Returns the path of the events of a shard."""
    return root / HOME / "shards" / f"{index:06d}.parquet"


def shard_record(spec: StoreSpec, index: int, outcomes: list[Outcome]) -> Record:
    """Returns the record of a shard.

    Args:
        spec: The shape of the store.
        index: Which shard.
        outcomes: Its samples, in order.

    Returns:
        ``{"shard": index, "crs": [WKT, ...], "samples": [...]}``. The CRS of a sample is a number into the list,
        because a thousand samples share one long text.
    """
    codes: dict[str, int] = {}
    samples = [
        _sample_record(place, outcome, codes) for place, outcome in zip(shard_range(spec, index), outcomes, strict=True)
    ]
    return {"shard": index, "crs": list(codes), "samples": samples}


def _sample_record(place: int, outcome: Outcome, codes: dict[str, int]) -> Record:
    """Returns the record of a sample; what only a series knows is None where there is none."""
    record: Record = {
        "index": place,
        "id": outcome.id,
        "status": str(outcome.status),
        "reason": outcome.reason,
        "scene": None,
        "tile": None,
        "variant": None,
        "split": None,
        "source": None,
        "crs": None,
        "transform": None,
        "changes": {},
        "shortfalls": [],
        "changed_pixels": [],
        "valid_pixels": 0,
    }
    series = outcome.series
    if series is None:
        return record
    events = Counter(change.event for step in series.history.changes for change in step)
    return record | {
        "scene": series.scene,
        "tile": series.tile,
        "variant": series.variant,
        "split": series.split,
        "source": series.source,
        "crs": codes.setdefault(series.crs, len(codes)) if series.crs else None,
        "transform": None if series.transform is None else [float(term) for term in tuple(series.transform)[:6]],
        "changes": dict(sorted(events.items())),
        "shortfalls": [asdict(shortfall) for shortfall in series.history.shortfalls],
        "changed_pixels": [int(np.count_nonzero(change)) for change in series.changes],
        "valid_pixels": int(np.count_nonzero(series.valid)),
    }


def to_json(value: Any) -> bytes:
    """Returns JSON that depends on the value alone: keys sorted, UTF-8, a newline at the end."""
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def read_record(path: Path) -> Record:
    """Reads the record of a shard, each sample with its CRS as WKT.

    Raises:
        StoreError: If it cannot be read; a record is written whole, so something else has damaged it.
    """
    try:
        record: Record = json.loads(path.read_bytes())
        codes = record["crs"]
        for sample in record["samples"]:
            # Interned, because a million samples share one long text.
            sample["crs"] = None if sample["crs"] is None else sys.intern(codes[sample["crs"]])
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise StoreError(
            f"cannot read {path}: {error}; delete it and run the same command again to write this shard anew"
        ) from error
    return record


def summarize(record: Record) -> ShardSummary:
    """Counts a record."""
    changes: Counter[str] = Counter()
    shortfalls: Counter[str] = Counter()
    for sample in record["samples"]:
        changes.update(sample["changes"])
        for shortfall in sample["shortfalls"]:
            shortfalls[shortfall["event"]] += shortfall["wanted"] - shortfall["made"]
    return ShardSummary(
        index=record["shard"],
        statuses=dict(sorted(Counter(sample["status"] for sample in record["samples"]).items())),
        changes=dict(sorted(changes.items())),
        shortfalls=dict(sorted(shortfalls.items())),
        problems=tuple(
            (sample["id"], sample["status"], sample["reason"])
            for sample in record["samples"]
            if sample["status"] != Status.DONE
        ),
    )
