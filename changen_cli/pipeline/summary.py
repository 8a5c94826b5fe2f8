"""What a run did, whole or so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

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
        samples: Samples in all: every tile times every variant.
        steps: Steps per series.
        statuses: Samples by "done", "skipped", "failed"; those of shards that are written.
        changes: Changes by event.
        shortfalls: Changes that were asked for and could not be made, by event.
        problems: Id, status and reason of samples that are not done, at most :data:`PROBLEMS_KEPT`.
        unusable: Scenes that could not be opened: id, image, reason.
        resumed: Series that an earlier run had finished.
        under_way: Series that are synthesised and whose shard is not written yet; 0 at the end.
        seconds: Since the start of this run.
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
    under_way: int = 0
    seconds: float = 0.0

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
    def exit_code(self) -> int:
        """0 all done (or skipped for a recorded reason), 1 some failed, 2 nothing could be done."""
        if not self.statuses[Status.DONE]:
            return 2
        return 1 if self.statuses[Status.FAILED] or self.unusable else 0
