"""``--dry-run``: how much a run is, and how long it would take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypedDict

from changen_cli.pipeline.options import FORMAT
from changen_cli.pipeline.plan import make_plan
from changen_cli.pipeline.prepare import Preparer
from changen_cli.pipeline.run import Run
from changen_cli.reporter import Silent
from changen_cli.store.formats.registry import make_format
from changen_cli.synthesis.engine import Job


class Estimate(TypedDict):
    """How much a run is; JSON values. Skipped tiles are counted as if they were done.

    Attributes:
        scenes: Scenes that can be used.
        unusable_scenes: Of those that cannot: id, image, reason.
        tiles: Tiles of all scenes, or windows that whole scenes are synthesised in.
        variants: Series per tile.
        samples: Series in all.
        steps: Steps per series.
        shards: Shards in all.
        bytes: Of all arrays before compression.
        device: Resolved.
        precision: Resolved.
        seconds_per_step: Time of the synthesizer for one step of one tile; reading and writing overlap with it.
        seconds: Of all steps of all series.
    """

    scenes: int
    unusable_scenes: list[dict[str, str]]
    tiles: int
    variants: int
    samples: int
    steps: int
    shards: int
    bytes: int
    device: str
    precision: str
    seconds_per_step: float
    seconds: float


def estimate(run: Run, clock: Callable[[], float] = time.monotonic) -> Estimate:
    """Counts a run, and times its synthesizer on the first tile of it.

    Args:
        run: A run that was not started; nothing is written.
        clock: Gives seconds from any start.

    Returns:
        Counts, bytes and seconds.

    Raises:
        StoreError: If an option of the format cannot be used.
    """
    spec = run.plan.spec
    make_format(run.options.format, run.options.output, spec).check()
    frames, steps = spec.steps + 1, spec.steps
    if run.options.mosaic:
        sizes = [(grid.height, grid.width) for grid in run.plan.grids]
        windows = run.options.windows()
        tiles = sum(windows.blocks(*size) for size in sizes)
        pixels = sum(height * width for height, width in sizes) * run.plan.variants
        # windows cost what tiles of their size do
        tiled = replace(run.options, mosaic=False, format=FORMAT, creation_options={}, cog=False)
        per_step = _time_step(replace(run, plan=make_plan(tiled, Silent())), clock)
    else:
        tiles = spec.samples // run.plan.variants
        pixels = spec.height * spec.width * spec.samples
        per_step = _time_step(run, clock)
    return {
        "scenes": len(run.plan.sources),
        "unusable_scenes": list(run.plan.unusable),
        "tiles": tiles,
        "variants": run.plan.variants,
        "samples": spec.samples,
        "steps": steps,
        "shards": spec.shards,
        # image 3, class mask 1 and instances 4 bytes a frame, change 1 a step, validity 1
        "bytes": pixels * (8 * frames + steps + 1),
        "device": run.device,
        "precision": run.precision,
        "seconds_per_step": per_step,
        "seconds": per_step * tiles * run.plan.variants * steps,
    }


def _time_step(run: Run, clock: Callable[[], float]) -> float:
    """Times one real sample of the first shard that has one; 0 if it has none."""
    preparer = Preparer(run.task())
    try:
        prepared = preparer.prepare(0)
    finally:
        preparer.close()
    item = next((item for item in prepared if item.outcome.series is not None), None)
    if item is None or item.outcome.series is None or item.noise is None:
        return 0.0
    series = item.outcome.series
    changes = series.history.changes
    job = Job(None, series.images[0], series.valid, series.masks, changes, item.noise, item.looks, item.key)
    engine = run.engine()
    jobs = [job] * run.batch_size
    list(engine.run(jobs))  # the first call allocates and chooses kernels
    begun = clock()
    list(engine.run(jobs))
    return (clock() - begun) / (len(jobs) * run.plan.spec.steps)
