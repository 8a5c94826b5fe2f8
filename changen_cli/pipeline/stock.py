"""Taking stock of an output that is there: what can stay, and what has to be made anew."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from changen_cli.errors import StoreError
from changen_cli.files import Checksum
from changen_cli.pipeline.input_files import changed_scenes, refuse_changed
from changen_cli.pipeline.mosaic.prepare import ScenePreparer
from changen_cli.pipeline.prepare import Preparer, Rereader
from changen_cli.pipeline.run import Run
from changen_cli.reporter import Reporter
from changen_cli.store.base import Status
from changen_cli.store.damage import Problem, check_ends, check_shards
from changen_cli.store.formats.registry import make_format
from changen_cli.store.journal import Journal
from changen_cli.store.records import ShardRecord, ShardSummary, read_record, record_path


@dataclass
class Stock:
    """What has to be made anew of an output.

    Attributes:
        problems: What is missing or damaged.
        damaged: What the files of damaged shards were, by shard; nothing where that is not known.
        mended: Shards with samples that failed and can be made now.
        retried: How many such samples there are.
    """

    problems: list[Problem] = field(default_factory=list)
    damaged: dict[int, Mapping[str, Checksum]] = field(default_factory=dict)
    mended: set[int] = field(default_factory=set)
    retried: int = 0

    def undo(self, journal: Journal, reporter: Reporter) -> None:
        """Marks what has to be made anew as not done, and says so.

        Args:
            journal: Of the output, open.
            reporter: Told of it.

        Raises:
            StoreError: If a damaged file cannot be deleted.
        """
        if self.problems:
            count = len(self.problems)
            files = "1 file of it is" if count == 1 else f"{count} files of it are"
            reporter.warn(
                f"{journal.root}: {files} missing or damaged, the first: {self.problems[0]}; "
                f"made anew: {_shards(self.damaged) if self.damaged else 'tables and metadata'}"
            )
        if self.retried:
            reporter.warn(
                f"{journal.root}: {self.retried} samples that failed before can be made now; made anew: "
                f"{_shards(self.mended)}"
            )
        if self.problems or self.retried:
            others = [problem.path for problem in self.problems if problem.shard is None]
            journal.undo(self.damaged.keys() | self.mended, others)

    def differing(self, journal: Journal) -> list[int]:
        """Lists the damaged shards that were made anew, but not to the bytes that they had.

        Raises:
            StoreError: If a record is damaged.
        """
        return [
            index
            for index, files in sorted(self.damaged.items())
            if files and read_record(record_path(journal.root, index)).files != files
        ]


def _shards(shards: Collection[int]) -> str:
    count = len(shards)
    return "1 shard" if count == 1 else f"{count} shards"


def take_stock(run: Run, journal: Journal, keep: Callable[[ShardSummary], None], *, thorough: bool = False) -> Stock:
    """Checks every shard that should be there, and tries again what has failed.

    Args:
        run: The run.
        journal: Of its output, open.
        keep: Given the counts of every shard that stays.
        thorough: Compare the checksums of all files, which reads every byte; else only whether the files of shards are
            there and their sizes. Tables and metadata are compared by checksum in any case.

    Returns:
        What has to be made anew.

    Raises:
        StoreError: If the output cannot be read, or is not finished and its input has changed; or if it is finished,
            and a worker finds its part of it damaged: only an undivided run opens a finished output again.
    """
    stock = Stock()
    store = make_format(run.options.format, journal.root, run.plan.spec)
    changed = set() if journal.finished else changed_scenes(run.plan, journal.root, run.share)
    if journal.finished and run.share is None:
        stock.problems += check_ends(journal.root)[1]
    preparer: Rereader = ScenePreparer(run.task()) if run.options.mosaic else Preparer(run.task())
    try:
        mine = run.shards()
        shards = mine if journal.finished else sorted(index for index in journal.done() if index in mine)
        retry = run.options.retry_failed and not (journal.finished and run.share is not None)
        for shard in check_shards(journal.root, shards, thorough=thorough, store=store):
            if shard.problems or shard.record is None:
                stock.problems += shard.problems
                stock.damaged[shard.index] = {} if shard.record is None else shard.record.files
                continue
            if changed:
                refuse_changed(preparer, shard.record, changed, journal.root)
            mended = _mended(preparer, shard.record) if retry else 0
            if mended:
                stock.retried += mended
                stock.mended.add(shard.index)
            else:
                keep(shard.record.summary())
    finally:
        preparer.close()
    if journal.finished and run.share is not None and stock.problems:
        raise StoreError(
            f"{journal.root} is finished, but damaged since: {stock.problems[0]}; to have it made anew: changen verify "
            f"{journal.root} --repair"
        )
    return stock


def _mended(preparer: Rereader, record: ShardRecord) -> int:
    """Counts the samples of a shard that failed and can be prepared now."""
    failed = [sample.index for sample in record.samples if sample.status is Status.FAILED]
    return sum(not preparer.fails(index) for index in failed)
