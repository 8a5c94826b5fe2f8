"""How far an output is: what of its shards and samples is done, failed and missing, by worker where it is divided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from changen_cli.errors import StoreError
from changen_cli.files import HOME, place
from changen_cli.store.base import Status, StoreSpec
from changen_cli.store.journal import done_shards
from changen_cli.store.manifest import NAME as MANIFEST
from changen_cli.store.manifest import read_entry, read_manifest, read_store
from changen_cli.store.planned import Planned, read_plan
from changen_cli.store.records import ShardSummary, read_record, record_path
from changen_cli.store.share import Share


@dataclass(frozen=True, slots=True)
class Part:
    """What one worker, or all of them, have done.

    Attributes:
        shard: The worker, as "i/N"; None for all together.
        shards: Shards that there will be.
        shards_done: Those that are written.
        missing: Those that are not, by number.
        samples: Samples that there will be.
        statuses: Samples that are written by "done", "skipped", "failed".
    """

    shard: str | None
    shards: int
    shards_done: int
    missing: tuple[int, ...]
    samples: int
    statuses: dict[str, int]

    @property
    def samples_missing(self) -> int:
        """Samples whose shards are not written."""
        return self.samples - sum(self.statuses.values())


@dataclass(frozen=True, slots=True)
class Overview:
    """How far an output is.

    Attributes:
        root: The output.
        format: Its format.
        finished: Whether it has its tables and its manifest.
        whole: All shards.
        workers: Those of each worker; none where it is not divided.
    """

    root: str
    format: str
    finished: bool
    whole: Part
    workers: tuple[Part, ...]


def take_overview(path: Path | str) -> Overview:
    """Counts shards and samples of an output, finished or not, from the records of its shards; nothing is written.

    A shard whose record is damaged counts as missing: the run that goes on makes it anew. Files of shards are not
    looked at, :func:`~changen_cli.store.verify.verify` does that.

    Args:
        path: The output folder.

    Raises:
        StoreError: If it is no output of changen, or one that recorded no plan.
    """
    root = place(path)
    finished = (root / MANIFEST).is_file()
    plan = _of_manifest(root) if finished else require_plan(root)
    summaries = {summary.index: summary for summary in _summaries(root) if summary.index < plan.spec.shards}
    return Overview(
        root=str(root),
        format=plan.format,
        finished=finished,
        whole=_part(None, range(plan.spec.shards), plan.spec.samples, summaries),
        workers=tuple(_of_worker(share, plan.spec, summaries) for share in plan.shares),
    )


def require_plan(root: Path) -> Planned:
    """Reads the plan of an output that is not finished.

    Raises:
        StoreError: If there is none, or it is damaged; or the folder is no output of changen.
    """
    plan = read_plan(root)
    if plan is not None:
        return plan
    if not (root / HOME).is_dir():
        read_manifest(root)  # says what the folder is instead
    raise StoreError(
        f"{root} does not say what it was to become: no run of it got so far as to plan it, or an earlier changen "
        "began it; run the same changen generate again"
    )


def name_shards(plan: Planned, shards: Iterable[int], most: int = 8) -> str:
    """Names shards and the workers that they belong to, in one line.

    Args:
        plan: The plan that has them.
        shards: Which.
        most: How many shards of a worker, and how many workers, are named.
    """
    shards = sorted(shards)
    if not plan.workers:
        return _listed(shards, most)
    found = [(share, [shard for shard in shards if shard in share]) for share in plan.shares]
    words = [f"worker {share}: {_listed(mine, most)}" for share, mine in found if mine]
    return "; ".join(words[:most]) + (f"; and {len(words) - most} more workers" if len(words) > most else "")


def _listed(shards: list[int], most: int) -> str:
    more = f" and {len(shards) - most} more" if len(shards) > most else ""
    return ", ".join(str(shard) for shard in shards[:most]) + more


def _of_manifest(root: Path) -> Planned:
    manifest = read_manifest(root)
    return Planned(read_entry(root, manifest)["format"], read_store(root, manifest))


def _summaries(root: Path) -> Iterator[ShardSummary]:
    for index in sorted(done_shards(root)):
        with suppress(StoreError):  # it counts as missing
            yield read_record(record_path(root, index)).summary()


def _of_worker(share: Share, spec: StoreSpec, summaries: dict[int, ShardSummary]) -> Part:
    return _part(str(share), share.shards(spec.shards), share.samples(spec), summaries)


def _part(shard: str | None, shards: range, samples: int, summaries: dict[int, ShardSummary]) -> Part:
    statuses = Counter({str(status): 0 for status in Status})
    done = [summaries[index] for index in shards if index in summaries]
    for summary in done:
        statuses.update(summary.statuses)
    missing = tuple(index for index in shards if index not in summaries)
    return Part(shard, len(shards), len(done), missing, samples, dict(statuses))
