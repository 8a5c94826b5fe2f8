"""How fast everything but the generator is (``--synthesizer copy``, 256 x 256, Zarr): goal 60 tile-steps/s a core.

"A core" is a second of processor time over all processes, so that other load on the machine counts little. Reading
alone and writing alone are given as well: no change to events or queues can beat them.

    python benchmarks/feed_rate.py --side 4096 --steps 3
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scenes import make_scene


def processor_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(what: str, steps: int, action: Callable[[], object]) -> None:
    """Runs an action and prints its rate."""
    wall, processor = time.perf_counter(), processor_seconds()
    action()
    wall, processor = time.perf_counter() - wall, processor_seconds() - processor
    print(
        f"{what:42s} {steps / processor:7.1f} tile-steps per processor second, {steps / wall:7.1f} per second",
        flush=True,
    )


def main() -> None:
    """Prints a line for each part and for the whole."""
    # imported here: worker processes import this file again, and must not load torch each
    from changen_cli.pipeline.generate import generate
    from changen_cli.pipeline.options import GenerateOptions
    from changen_cli.pipeline.prepare import Preparer
    from changen_cli.pipeline.run import resolve_run
    from changen_cli.store.commit import commit_shard
    from changen_cli.store.formats.registry import make_format
    from changen_cli.store.journal import Journal

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=4096, help="side of the scene, pixels")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--format", default="zarr")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        scene = make_scene(Path(temporary), arguments.side)
        options = GenerateOptions(
            inputs=(str(scene),), output=f"{temporary}/out", steps=arguments.steps, synthesizer="copy",
            workers=arguments.workers, format=arguments.format,
        )  # fmt: skip
        run = resolve_run(options)
        spec, grid = run.plan.spec, run.plan.grids[0]
        steps = spec.samples * spec.steps
        preparer = Preparer(run.task())
        opened = preparer.pool.get(0)
        timed("reading tiles alone", steps, lambda: [opened.read(window) for window in grid])
        timed("reading, events and drawing", steps, lambda: [preparer.prepare(k) for k in range(spec.shards)])
        writer = make_format(options.format, f"{temporary}/written", spec)
        writer.create()
        first = [item.outcome for item in preparer.prepare(0)]
        frames = [
            replace(o, series=replace(o.series, images=np.repeat(o.series.images, spec.steps + 1, 0)))
            for o in first
            if o.series is not None
        ]
        with Journal(writer.root) as journal:
            journal.open({})
            assert len(frames) == len(first), "every tile of the benchmark's scene has footprints"
            timed("writing alone", spec.shard_samples * spec.steps, lambda: commit_shard(writer, 0, frames))
        timed(f"whole pipeline, {arguments.workers} workers", steps, lambda: generate(options))
    print(f"goal: 60 a core; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
