"""What a run did, whole or so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from changen_cli.errors import ChangenError, ExitCode
from changen_cli.reporter import Progress
from changen_cli.store.base import Status
from changen_cli.store.records import ShardSummary

PROBLEMS_KEPT = 1000
"""Skipped and failed samples that a summary lists; ``samples.parquet`` has them all."""


@dataclass
class Summary:
    """What a run did, whole or so far.

    Attributes:
        output: Output folder.
        format: Output format.
        samples: Samples in all: every tile times every variant; of a worker's share, those in its shards.
        steps: Steps per series.
        statuses: Samples by "done", "skipped", "failed"; those of shards that are written.
        changes: Changes by event.
        shortfalls: Changes that were asked for and could not be made, by event.
        problems: Id, status and reason of samples that are not done, at most :data:`PROBLEMS_KEPT`.
        unusable: Scenes that could not be opened: id, image, reason.
        resumed: Series that an earlier run had finished.
        remade: Shards of an earlier run that were made anew, because files of them were missing or damaged.
        differing: Those of them that are not what they were: input, weights or libraries have changed since.
        retried: Samples that failed in an earlier run and were made now.
        under_way: Series that are synthesised and whose shard is not written yet; 0 at the end.
        seconds: Since the start of this run.
        shard: Which worker it was, as "i/N"; None for an undivided run.
    """

    output: str
    format: str
    samples: int
    steps: int
    statuses: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    shortfalls: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[str, str, str]] = field(default_factory=list)
    unusable: tuple[dict[str, str], ...] = ()
    resumed: int = 0
    remade: int = 0
    differing: tuple[int, ...] = ()
    retried: int = 0
    under_way: int = 0
    seconds: float = 0.0
    shard: str | None = None

    def add(self, shard: ShardSummary) -> None:
        """Counts one shard that was written."""
        self.statuses.update(shard.statuses)
        self.changes.update(shard.changes)
        self.shortfalls.update(shard.shortfalls)
        self.problems += shard.problems[: PROBLEMS_KEPT - len(self.problems)]
        self.under_way = max(0, self.under_way - shard.statuses.get(Status.DONE, 0))

    @property
    def finished(self) -> int:
        """Samples that are done, skipped or failed, and those that only have to be written."""
        return sum(self.statuses.values()) + self.under_way

    @property
    def tile_steps_per_second(self) -> float:
        """Steps of this run's own samples that were synthesised a second."""
        made = max(0, self.statuses[Status.DONE] + self.under_way - self.resumed)
        return made * self.steps / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest would take at the rate so far, None while there is no rate."""
        rate = self.tile_steps_per_second
        return (self.samples - self.finished) * self.steps / rate if rate > 0 else None

    @property
    def exit_code(self) -> ExitCode:
        """Whether all is done, or skipped for a recorded reason; where nothing is, an error says so."""
        troubled = self.statuses[Status.FAILED] or self.unusable or self.differing
        return ExitCode.SOME_FAILED if troubled else ExitCode.DONE

    def progress(self) -> Progress:
        """Returns how far the run is, for whoever started it."""
        troubled = self.statuses[Status.SKIPPED] + self.statuses[Status.FAILED]
        note = f"{self.tile_steps_per_second:.1f} tile-steps/s"
        return Progress(
            task="generate",
            done=self.finished,
            total=self.samples,
            unit="series",
            note=f"{note}, {troubled} skipped or failed" if troubled else note,
            seconds_left=self.seconds_left,
            values={**self.statuses, "tile_steps_per_second": self.tile_steps_per_second},
        )

    @property
    def nothing_made(self) -> bool:
        """Whether there is no series, or changes were asked for and no series has one."""
        return not self.statuses[Status.DONE] or (bool(self.shortfalls) and not self.changes)


class NothingMadeError(ChangenError):
    """A run that could not make one series, or not one change.

    Attributes:
        summary: What became of its samples.
    """

    def __init__(self, summary: Summary) -> None:
        """Makes the error; its message is the reason of the first sample, or which events fell short in all of them."""
        super().__init__(_without_changes(summary) if summary.statuses[Status.DONE] else _without_series(summary))
        self.summary = summary


def _without_series(summary: Summary) -> str:
    reason = summary.problems[0][2] if summary.problems else "there are no tiles"
    return f"no series could be made of {summary.samples} samples; the first: {reason}"


def _without_changes(summary: Summary) -> str:
    short = ", ".join(f"{event} {count}" for event, count in sorted(summary.shortfalls.items()))
    return (
        f"nothing could change in any of {summary.statuses[Status.DONE]} series; changes that were asked for: {short}; "
        f"samples.parquet in {summary.output} says why of each: check the footprints, or give outlines with --library"
    )
