"""``changen generate``: tiles -> histories -> images -> shards."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from changen_cli import plugins
from changen_cli.device import cores, resolve_device, resolve_precision
from changen_cli.errors import PluginError
from changen_cli.pipeline.manifest import describe_result, describe_run
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.plan import Plan, make_plan
from changen_cli.pipeline.prepare import Prepared, Task
from changen_cli.pipeline.workers import Workers, make_workers, result_of
from changen_cli.scenes.library import read_library
from changen_cli.store.base import Outcome, Status, Writer
from changen_cli.store.formats import make_writer
from changen_cli.store.journal import Journal, finish_run
from changen_cli.store.records import ShardSummary
from changen_cli.synthesis.base import Synthesizer, SynthesizerSettings
from changen_cli.synthesis.engine import Engine, Job, choose_batch_size
from changen_cli.synthesis.transfer import make_transfer
from changen_cli.types import UInt8Array

PROBLEMS_KEPT = 1000
"""Skipped and failed samples that a summary lists; the journal has them all."""


@dataclass
class Summary:
    """What a run did, whole or so far.

    Attributes:
        output: Output folder.
        format: Output format.
        samples: Samples in all: every tile times every variant.
        steps: Steps per series.
        statuses: Samples by "done", "skipped", "failed".
        changes: Changes by event.
        shortfalls: Changes that were asked for and could not be made, by event.
        problems: Id, status and reason of samples that are not done, at most :data:`PROBLEMS_KEPT`.
        unusable: Scenes that could not be opened: id, image, reason.
        resumed: Samples that an earlier run had finished.
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
    seconds: float = 0.0

    def add(self, shard: ShardSummary) -> None:
        """Counts one shard."""
        self.statuses.update(shard.statuses)
        self.changes.update(shard.changes)
        self.shortfalls.update(shard.shortfalls)
        self.problems += shard.problems[: PROBLEMS_KEPT - len(self.problems)]

    @property
    def finished(self) -> int:
        """Samples that are done, skipped or failed."""
        return sum(self.statuses.values())

    @property
    def tile_steps_per_second(self) -> float:
        """Steps of this run's own samples that were synthesised a second."""
        return max(0, self.statuses[Status.DONE] - self.resumed) * self.steps / max(self.seconds, 1e-9)

    @property
    def exit_code(self) -> int:
        """0 all done (or skipped for a recorded reason), 1 some failed, 2 nothing could be done."""
        if not self.statuses[Status.DONE]:
            return 2
        return 1 if self.statuses[Status.FAILED] or self.unusable else 0


@dataclass(frozen=True)
class Run:
    """A run that is ready to start: arguments resolved, scenes opened once, the synthesizer loaded.

    Attributes:
        options: As asked.
        plan: The samples.
        synthesizer: The plugin.
        device: Resolved.
        precision: Resolved.
        batch_size: Resolved.
        workers: Resolved.
    """

    options: GenerateOptions
    plan: Plan
    synthesizer: Synthesizer
    device: str
    precision: str
    batch_size: int
    workers: int

    def task(self) -> Task:
        """What the workers need."""
        options = self.options
        return Task(
            plan=self.plan,
            read=options.read_options(),
            schedule=options.schedule(),
            steps=options.steps,
            seed=options.seed,
            gap=options.gap,
            min_valid=options.min_valid,
            library=None if options.library is None else read_library(options.library),
            noise_dim=self.synthesizer.noise_dim,
        )

    def engine(self) -> Engine:
        """The engine that feeds the synthesizer."""
        return Engine(self.synthesizer, make_transfer(self.device), self.batch_size, self.options.background)


def prepare_run(options: GenerateOptions, note: Callable[[str], None] = lambda line: None) -> Run:
    """Resolves everything that can be wrong before the first tile is read.

    Args:
        options: The arguments.
        note: Told in one line of what cannot be used but does not stop the run.

    Returns:
        The run, ready to start.

    Raises:
        ChangenError: If an argument, the weights, a plugin or all of the input cannot be used.
    """
    schedule = options.schedule()
    device = resolve_device(options.device)
    precision = resolve_precision(options.precision, device)
    factory = plugins.load(plugins.SYNTHESIZERS, options.synthesizer)
    events = tuple(name for name, _, _ in schedule.events)
    synthesizer = factory(SynthesizerSettings(options.weights, device, precision, events))
    if not isinstance(synthesizer, Synthesizer):
        raise PluginError(f"synthesizer {options.synthesizer!r} has not the methods of one; see synthesis/base.py")
    return Run(
        options=options,
        plan=make_plan(options, note),
        synthesizer=synthesizer,
        device=device,
        precision=precision,
        batch_size=choose_batch_size(options.batch_size, device),
        workers=_choose_workers(options, device),
    )


def generate(
    options: GenerateOptions,
    report: Callable[[Summary], None] = lambda summary: None,
    note: Callable[[str], None] = lambda line: None,
) -> Summary:
    """Runs ``changen generate``, or goes on with a run that was stopped.

    With ``workers`` above 0 a script must guard its main module as multiprocessing asks
    (``if __name__ == "__main__":``).

    Args:
        options: The arguments.
        report: Called with the summary so far whenever a shard was written.
        note: Told in one line of what cannot be used but does not stop the run.

    Returns:
        What was done.

    Raises:
        ChangenError: If nothing can be done, or the output cannot be written. What was written stays, and the same
            call goes on from there.
    """
    run = prepare_run(options, note)
    begun = time.monotonic()
    spec = run.plan.spec
    writer = make_writer(options.format, options.output, spec)
    arguments = describe_run(run)
    summary = Summary(options.output, options.format, spec.samples, spec.steps, unusable=run.plan.unusable)
    with Journal(options.output) as journal:
        journal.open(arguments, overwrite=options.overwrite)
        writer.create()
        for shard in journal.summaries():
            summary.add(shard)
        summary.resumed = summary.statuses[Status.DONE]
        done = journal.done()
        remaining = [index for index in range(spec.shards) if index not in done]
        if remaining:
            with make_workers(run.task(), min(run.workers, len(remaining))) as workers:
                for shard in _synthesize_shards(run, workers, writer, remaining):
                    summary.add(shard)
                    summary.seconds = time.monotonic() - begun
                    report(summary)
        finish_run(writer, journal, describe_result(run, arguments, summary))
    summary.seconds = time.monotonic() - begun
    report(summary)
    return summary


class _Assembly:
    """A shard whose samples come back from the engine one by one."""

    def __init__(self, prepared: list[Prepared]) -> None:
        self.outcomes: list[Outcome] = [item.outcome for item in prepared]
        self.missing = sum(outcome.series is not None for outcome in self.outcomes)

    def put(self, place: int, frames: UInt8Array) -> None:
        outcome = self.outcomes[place]
        assert outcome.series is not None, "only series are synthesised"
        self.outcomes[place] = replace(outcome, series=replace(outcome.series, images=frames))
        self.missing -= 1


def _synthesize_shards(run: Run, workers: Workers, writer: Writer, shards: list[int]) -> Iterator[ShardSummary]:
    """Prepares, synthesises and writes shards; a bounded number of them is in memory at any time."""
    assemblies: dict[int, _Assembly] = {}
    writing: deque[Future[ShardSummary]] = deque()
    written: deque[ShardSummary] = deque()

    def write(shard: int) -> None:
        writing.append(workers.commit(writer, shard, assemblies.pop(shard).outcomes))
        while len(writing) > workers.ahead or (writing and writing[0].done()):
            written.append(result_of(writing.popleft()))

    def jobs() -> Iterator[Job[tuple[int, int]]]:
        for shard, prepared in _prepared(workers, shards):
            assemblies[shard] = assembly = _Assembly(prepared)
            if not assembly.missing:
                write(shard)
                continue
            for place, item in enumerate(prepared):
                series = item.outcome.series
                if series is not None and item.noise is not None:
                    yield Job(
                        (shard, place), series.images[0], series.valid, series.masks, series.history.changes, item.noise
                    )

    for (shard, place), frames in run.engine().run(jobs()):
        assemblies[shard].put(place, frames)
        if not assemblies[shard].missing:
            write(shard)
        while written:
            yield written.popleft()
    yield from written
    for future in writing:
        yield result_of(future)


def _prepared(workers: Workers, shards: list[int]) -> Iterator[tuple[int, list[Prepared]]]:
    """Gives shards in order, with some being prepared ahead."""
    waiting: deque[tuple[int, Future[list[Prepared]]]] = deque()
    for shard in shards:
        waiting.append((shard, workers.prepare(shard)))
        if len(waiting) > workers.ahead:
            first, future = waiting.popleft()
            yield first, result_of(future)
    while waiting:
        first, future = waiting.popleft()
        yield first, result_of(future)


def _choose_workers(options: GenerateOptions, device: str) -> int:
    if options.workers != "auto":
        return int(options.workers)
    if device == "cpu":
        # the generator takes every core it gets; copying takes none
        return cores() if options.synthesizer == "copy" else 1
    return max(1, min(8, cores() - 1))
