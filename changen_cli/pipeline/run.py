"""A run that is ready to start: everything that can be wrong is found before the first tile is read."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from changen_cli.conditions.choose import Conditions
from changen_cli.device import cores, resolve_device, resolve_precision
from changen_cli.events.schedule import Schedule
from changen_cli.pipeline.earlier import EarlierLooks
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.plan import Find, Plan, make_plan
from changen_cli.pipeline.prepare import Task
from changen_cli.pipeline.remarks import class_remarks
from changen_cli.reporter import Reporter, Silent
from changen_cli.scenes.footprints.library import Library, read_library
from changen_cli.store.share import AUTO, Share, process_here
from changen_cli.synthesis.base import Synthesizer, SynthesizerSettings, look_dim_of, resolution_of
from changen_cli.synthesis.engine import Engine, choose_batch_size
from changen_cli.synthesis.load import load_synthesizer
from changen_cli.synthesis.look_plan import NEW_LOOKS, NewLooks, choose_drift, choose_repaint
from changen_cli.synthesis.transfer import make_transfer


@dataclass(frozen=True)
class Run:
    """Arguments resolved, scenes opened once, the synthesizer loaded.

    Attributes:
        options: As asked.
        schedule: The events of every step.
        conditions: What differs between the dates besides the change.
        plan: The samples.
        synthesizer: The plugin.
        device: Resolved.
        precision: Resolved.
        batch_size: Resolved.
        workers: Resolved.
        drift: Resolved; 0 for a synthesizer without looks.
        new_looks: Resolved.
        repaint: Resolved; 0 for a synthesizer without looks.
        library: Outlines for new objects, or None for the scene's own.
        earlier: Looks of an earlier output of the same tiles, or None.
        share: Of a worker of a divided run, or None.
    """

    options: GenerateOptions
    schedule: Schedule
    conditions: Conditions
    plan: Plan
    synthesizer: Synthesizer
    device: str
    precision: str
    batch_size: int
    workers: int
    drift: float
    new_looks: NewLooks
    repaint: float = 0.0
    library: Library | None = None
    earlier: EarlierLooks | None = None
    share: Share | None = None

    def shards(self) -> range:
        """The shards that this run makes: all, or those of a worker."""
        total = self.plan.spec.shards
        return range(total) if self.share is None else self.share.shards(total)

    def task(self) -> Task:
        """What the workers need."""
        options = self.options
        return Task(
            plan=self.plan,
            read=options.read_options(),
            schedule=self.schedule,
            steps=options.steps,
            seed=options.seed,
            gap=options.gap,
            min_valid=options.min_valid,
            library=self.library,
            noise_dim=self.synthesizer.noise_dim,
            keep_unchanged=options.unchanged == "keep",
            look_dim=look_dim_of(self.synthesizer),
            new_looks=self.new_looks,
            repaint=self.repaint,
            earlier=self.earlier,
            share=self.share,
            traced=options.profile is not None,
        )

    def engine(self) -> Engine:
        """The engine that feeds the synthesizer."""
        return Engine(
            self.synthesizer,
            make_transfer(self.device),
            self.batch_size,
            self.options.background,
            self.drift,
            self.conditions,
        )


def resolve_run(options: GenerateOptions, reporter: Reporter | None = None, find: Find | None = None) -> Run:
    """Resolves everything that can be wrong before the first tile is read.

    Args:
        options: The arguments.
        reporter: Warned of what cannot be used but does not stop the run.
        find: Finds the scenes; see :func:`~changen_cli.pipeline.plan.make_plan`.

    Returns:
        The run, ready to start.

    Raises:
        ChangenError: If an argument, the weights, a plugin or all of the input cannot be used.
    """
    schedule = options.schedule()
    conditions = options.chosen_conditions()
    device = resolve_device(options.device, process_here(os.environ) if options.shard == AUTO else 0)
    precision = resolve_precision(options.precision, device)
    settings = SynthesizerSettings(options.chosen_weights(), device, precision)
    synthesizer = load_synthesizer(options.synthesizer, settings, schedule)
    options.require_looks(look_dim_of(synthesizer))
    earlier = None
    if options.looks is not None:
        earlier = EarlierLooks(options.looks, look_dim_of(synthesizer), options.tile_size)
    if options.suited is None:  # else an earlier run has recorded what it was
        options = replace(options, suited=resolution_of(synthesizer))
    reporter = reporter or Silent()
    plan = make_plan(options, reporter, find)
    for line in class_remarks(options, plan.scenes, synthesizer):
        reporter.say(line)
    return Run(
        options=options,
        schedule=schedule,
        conditions=conditions,
        plan=plan,
        synthesizer=synthesizer,
        device=device,
        precision=precision,
        batch_size=choose_batch_size(options.batch_size, device),
        workers=choose_workers(options.workers, device, cores(), cpu_bound=getattr(synthesizer, "cpu_bound", False)),
        drift=choose_drift(options.drift, options.background, look_dim_of(synthesizer)),
        new_looks=options.new_looks or NEW_LOOKS,
        repaint=choose_repaint(options.repaint, options.background, look_dim_of(synthesizer)),
        library=None if options.library is None else read_library(options.library),
        earlier=earlier,
        share=options.share(),
    )


def choose_workers(wanted: str | int, device: str, cores: int, *, cpu_bound: bool) -> int:
    """Chooses how many processes read and write.

    Args:
        wanted: "auto" or a number.
        device: A resolved torch device string.
        cores: Processor cores that there are.
        cpu_bound: Whether the synthesizer is no network, so that processes beside it cost it nothing.

    Returns:
        Processes; 0 for none.
    """
    if wanted != "auto":
        return int(wanted)
    if device != "cpu":
        return max(1, min(8, cores - 1))
    if cpu_bound:
        return cores
    # the generator takes every core it gets and is as slow as its slowest thread: on two cores a process beside it
    # costs more (benchmarks/overhead.py --workers 1) than doing its work in between
    return 0 if cores <= 2 else 1
