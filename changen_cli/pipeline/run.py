"""``changen generate``: tiles -> histories -> images -> shards."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from changen_cli import plugins
from changen_cli.device import cores, resolve_device, resolve_precision
from changen_cli.errors import PluginError
from changen_cli.pipeline.manifest import describe_result, describe_run
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.plan import Plan, make_plan
from changen_cli.pipeline.prepare import Task
from changen_cli.pipeline.shards import synthesize_shards
from changen_cli.pipeline.summary import Summary
from changen_cli.pipeline.workers import make_workers
from changen_cli.scenes.footprints.library import Library, read_library
from changen_cli.store.base import Status
from changen_cli.store.formats.registry import make_writer
from changen_cli.store.journal import Journal, finish_run
from changen_cli.synthesis.base import Synthesizer, SynthesizerSettings
from changen_cli.synthesis.engine import Engine, choose_batch_size
from changen_cli.synthesis.transfer import make_transfer

REPORT_EVERY = 0.5
"""Least seconds between two reports of progress."""


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
        library: Outlines for new objects, or None for the scene's own.
    """

    options: GenerateOptions
    plan: Plan
    synthesizer: Synthesizer
    device: str
    precision: str
    batch_size: int
    workers: int
    library: Library | None = None

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
            library=self.library,
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
        library=None if options.library is None else read_library(options.library),
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
        report: Called with the summary so far: at the start, then whenever a series was synthesised or a shard written
            and :data:`REPORT_EVERY` seconds have gone by, and at the end. Always the same object.
        note: Told in one line of what cannot be used but does not stop the run.

    Returns:
        What was done.

    Raises:
        ChangenError: If nothing can be done, or the output cannot be written. What was written stays, and the same
            call goes on from there.
    """
    run = prepare_run(options, note)
    begun = reported = time.monotonic()
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
        report(summary)
        done = journal.done()
        remaining = [index for index in range(spec.shards) if index not in done]
        if remaining:
            with make_workers(run.task(), min(run.workers, len(remaining))) as workers:
                for written in synthesize_shards(run.engine(), workers, writer, remaining):
                    if written is None:
                        summary.under_way += 1
                    else:
                        summary.add(written)
                    now = time.monotonic()
                    summary.seconds = now - begun
                    if now - reported >= REPORT_EVERY:
                        reported = now
                        report(summary)
        finish_run(writer, journal, describe_result(run, arguments, summary))
    summary.seconds = time.monotonic() - begun
    report(summary)
    return summary


def _choose_workers(options: GenerateOptions, device: str) -> int:
    if options.workers != "auto":
        return int(options.workers)
    if device == "cpu":
        if options.synthesizer == "copy":
            return cores()
        # the generator takes every core it gets and is as slow as its slowest thread: on two cores a process beside it
        # costs more (benchmarks/overhead.py --workers 1) than doing its work in between
        return 0 if cores() <= 2 else 1
    return max(1, min(8, cores() - 1))
