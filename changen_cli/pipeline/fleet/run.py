"""``changen generate`` by as many workers as are asked for: one, here, or several."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from changen_cli.errors import UsageError
from changen_cli.files import place
from changen_cli.pipeline import generate as alone
from changen_cli.pipeline.finalize import finalize
from changen_cli.pipeline.fleet.crew import Crew, look_after
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.summary import Summary
from changen_cli.reporter import Reporter, Silent
from changen_cli.store.base import Series
from changen_cli.store.journal import done_shards


def generate(
    options: GenerateOptions, reporter: Reporter | None = None, *, watch: Callable[[Series], None] | None = None
) -> Summary:
    """Runs ``changen generate``: in this process, or by several workers where ``devices`` or ``engine`` say so.

    Several workers make the bytes that one makes. A run that was stopped goes on with as many devices as it was begun
    with, or alone.

    With processes (``workers`` or ``devices`` above 1) a script must guard its main module as multiprocessing asks
    (``if __name__ == "__main__":``).

    Args:
        options: The arguments.
        reporter: Told how far the run is.
        watch: As :func:`changen_cli.pipeline.generate.generate` takes it; for a run in this process alone.

    Returns:
        What was done.

    Raises:
        NothingMadeError: If no series, or not one of the changes that were asked for, could be made.
        ChangenError: If nothing can be done, a worker fails or dies again and again, or the output cannot be written.
            What was written stays, and the same call goes on from there.
    """
    if not options.is_shared_out:
        return alone.generate(options, reporter, watch=watch)
    if watch is not None:
        raise UsageError("--live with several --devices: series are made elsewhere; leave out one of the two")
    reporter, begun = reporter or Silent(), time.monotonic()
    crew = _crew(options)
    try:
        before = len(done_shards(place(options.output)))
        if crew.size == 1 and options.engine == "local":
            return alone.generate(replace(options, devices=1), reporter)
        look_after(crew, reporter)
    finally:
        crew.close()
    summary = finalize(options.output, reporter)
    if before:
        reporter.say(f"{options.output}: {before} shards are of an earlier run")
    summary.seconds = time.monotonic() - begun
    return summary


def _crew(options: GenerateOptions) -> Crew:
    if options.engine == "ray":
        from changen_cli.pipeline.fleet.on_ray import RayActors

        return RayActors(options)
    from changen_cli.pipeline.fleet.processes import DeviceProcesses

    return DeviceProcesses(options)
