"""``changen generate``: tiles -> histories -> images -> shards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from changen_cli.errors import UsageError
from changen_cli.pipeline.engines.local import make_workers
from changen_cli.pipeline.footprints.read import finder
from changen_cli.pipeline.input_files import note_inputs
from changen_cli.pipeline.mosaic.make import make_scenes
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.profile import profiling
from changen_cli.pipeline.recipe import write_recipe
from changen_cli.pipeline.record import REMEDIES, plan_record, result_record, run_record
from changen_cli.pipeline.run import Run, resolve_run
from changen_cli.pipeline.shards import synthesize_shards
from changen_cli.pipeline.stock import take_stock
from changen_cli.pipeline.summary import NothingMadeError, Summary
from changen_cli.reporter import Progress, Reporter, Silent
from changen_cli.store.base import Series, Status
from changen_cli.store.finish import finish_run
from changen_cli.store.formats.base import Format, SceneFormat
from changen_cli.store.formats.registry import make_format
from changen_cli.store.journal import Journal
from changen_cli.store.records import ShardSummary
from changen_cli.store.skeleton import create_store

REPORT_EVERY = 0.5
"""Least seconds between two reports of progress."""


def generate(
    options: GenerateOptions,
    reporter: Reporter | None = None,
    *,
    report_every: float = REPORT_EVERY,
    thorough: bool = False,
    watch: Callable[[Series], None] | None = None,
) -> Summary:
    """Runs ``changen generate``, or goes on with a run that was stopped, or makes anew what is lost of a finished one.

    With ``shard`` it does the part of one worker, and leaves tables and manifest to
    :func:`~changen_cli.pipeline.finalize.finalize`.

    With worker processes (``workers`` above 0, or "auto" on a machine with cores to spare) a script must guard its main
    module as multiprocessing asks (``if __name__ == "__main__":``).

    Args:
        options: The arguments.
        reporter: Told how far the run is: at the start, then whenever a series was synthesised or a shard written and
            ``report_every`` seconds have gone by, and at the end; warned of what cannot be used.
        report_every: Least seconds between two reports.
        thorough: Check what is there by its checksums, not only by whether its files are there and their sizes.
        watch: Given each series as it is synthesised, before it is written; must return at once and change nothing.

    Returns:
        What was done.

    Raises:
        NothingMadeError: If no series, or not one of the changes that were asked for, could be made; all that was tried
            is recorded. A worker does not raise it: others may have made some.
        ChangenError: If nothing can be done, or the output cannot be written. What was written stays, and the same
            call goes on from there.
    """
    if options.is_shared_out:
        raise UsageError("devices and engine are for changen_cli.generate, which starts workers; this is one")
    reporter = reporter or Silent()
    run = resolve_run(options, reporter, finder(options, reporter))
    summary = carry_out(run, run_record(run), reporter, report_every=report_every, thorough=thorough, watch=watch)
    if options.recipe is not None:
        write_recipe(options.output, options.recipe, reporter, plan=run.plan)
    return summary


def carry_out(
    run: Run,
    arguments: Mapping[str, Any],
    reporter: Reporter,
    *,
    report_every: float = REPORT_EVERY,
    thorough: bool = False,
    watch: Callable[[Series], None] | None = None,
) -> Summary:
    """Does what was resolved; see :func:`generate` for what is not said here.

    Args:
        run: Ready to start.
        arguments: What the output records of itself: from :func:`~changen_cli.pipeline.record.run_record`, or, of a
            series that is made again, from its recipe.
        reporter: See there, as for all that follows.
        report_every: See there.
        thorough: See there.
        watch: See there.
    """
    options = run.options
    begun = reported = time.monotonic()
    spec = run.plan.spec
    writer = make_format(options.format, options.output, spec)
    plan = plan_record(run)
    summary = _empty_summary(run)
    with profiling(options.profile), Journal(options.output, run.share) as journal:
        journal.open(arguments, overwrite=options.overwrite, remedies=REMEDIES, plan=plan, keep=run.plan.read_files())
        stock = take_stock(run, journal, summary.add, thorough=thorough or options.overwrite)
        stock.undo(journal, reporter)
        summary.resumed = summary.statuses[Status.DONE]
        summary.remade, summary.retried = len(stock.damaged), stock.retried
        reporter.progress(summary.progress())
        if not journal.finished:
            create_store(writer)
            note_inputs(run.plan, journal.root, run.share)
            for made in _make_missing(run, writer, journal, summary):
                journal.refuse_lost()
                if watch is not None and isinstance(made, Series):
                    watch(made)
                now = time.monotonic()
                summary.seconds = now - begun
                if now - reported >= report_every:
                    reported = now
                    reporter.progress(made if isinstance(made, Progress) else summary.progress())
            journal.refuse_lost()
            if run.share is None:
                finish_run(writer, journal, result_record(plan, arguments, summary))
        summary.differing = tuple(stock.differing(journal))
    summary.seconds = time.monotonic() - begun
    reporter.progress(summary.progress())
    if summary.differing:
        reporter.warn(
            f"{options.output}: {len(summary.differing)} of the shards that were made anew are not what they were, the "
            f"first is shard {summary.differing[0]}: input, weights or libraries have changed since; use --overwrite "
            "to have all of one make"
        )
    if run.share is None and summary.nothing_made:
        raise NothingMadeError(summary)
    return summary


def _empty_summary(run: Run) -> Summary:
    """Makes the summary of a run before it starts; scenes that cannot be used are told by who finishes the output."""
    options, spec, share = run.options, run.plan.spec, run.share
    if share is None:
        return Summary(options.output, options.format, spec.samples, spec.steps, unusable=run.plan.unusable)
    return Summary(options.output, options.format, share.samples(spec), spec.steps, shard=str(share))


def _make_missing(
    run: Run, writer: Format, journal: Journal, summary: Summary
) -> Iterator[ShardSummary | Series | Progress]:
    """Makes the shards that are not there yet.

    Yields:
        Each series when it is synthesised, each shard when it is written; of a mosaic, how far it is with each part.
    """
    done = journal.done()
    shards = run.shards()
    left = len(shards) - sum(index in shards for index in done)
    if not left:
        return
    missing = (index for index in shards if index not in done)  # never listed: there may be a billion
    if isinstance(writer, SceneFormat) and run.options.mosaic:
        for part in make_scenes(run, writer, list(missing)):  # but whole scenes are few
            if isinstance(part, Progress):
                yield part
            else:
                summary.add(part)
        return
    with make_workers(run.task(), min(run.workers, left)) as workers:
        for made in synthesize_shards(run.engine(), workers, writer, missing):
            if isinstance(made, Series):
                summary.under_way += 1
            else:
                summary.add(made)
            yield made
