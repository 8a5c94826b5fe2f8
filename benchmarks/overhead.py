"""How much longer ``changen generate`` takes than the generator on the same samples in memory; goal: 1.15 at most.

Both run in turn, so that a machine whose speed drifts does not favour one; what counts is the ratio of each pair.

    python benchmarks/overhead.py --side 2048 --steps 2 --rounds 3
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from scenes import make_scene


def bare(options: Any) -> tuple[float, int]:
    """Times the synthesizer and its engine on the samples of ``generate``, which lie in memory; that is not timed."""
    from changen_cli.pipeline.prepare import Preparer
    from changen_cli.pipeline.run import resolve_run
    from changen_cli.synthesis.engine import Job

    run = resolve_run(options)
    preparer, engine = Preparer(run.task()), run.engine()
    jobs = [
        Job(
            None, series.images[0], series.valid, series.masks, series.history.changes, item.noise, item.looks, item.key
        )
        for shard in range(run.plan.spec.shards)
        for item in preparer.prepare(shard)
        if (series := item.outcome.series) is not None and item.noise is not None
    ]
    preparer.close()
    for _ in engine.run(jobs[:1]):  # kernels are chosen
        pass
    begun = time.perf_counter()
    for _ in engine.run(jobs):
        pass
    return time.perf_counter() - begun, len(jobs) * options.steps


def main() -> None:
    """Prints a line for each round, and the median ratio."""
    # imported here: worker processes import this file again, and must not load torch each
    import torch

    from changen_cli.pipeline.generate import generate
    from changen_cli.pipeline.options import GenerateOptions

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=2048, help="side of the scene, pixels")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", default="auto")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads of the generator; 0: as PyTorch chooses")
    parser.add_argument("--weights")
    parser.add_argument("--format", default="zarr")
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    workers = arguments.workers if arguments.workers == "auto" else int(arguments.workers)
    with tempfile.TemporaryDirectory() as temporary:
        scene = make_scene(Path(temporary), arguments.side)
        ratios = []
        for number in range(arguments.rounds):
            options = GenerateOptions(
                inputs=(str(scene),), output=f"{temporary}/out{number}", steps=arguments.steps, workers=workers,
                weights=arguments.weights, format=arguments.format, device=arguments.device,
            )  # fmt: skip
            alone, steps = bare(options)
            begun = time.perf_counter()
            generate(options)
            whole = time.perf_counter() - begun
            ratios.append(whole / alone)
            print(
                f"round {number + 1}: {steps} tile-steps; bare {alone:.2f} s, changen generate {whole:.2f} s, "
                f"ratio {whole / alone:.3f}",
                flush=True,
            )
    print(
        f"median ratio {statistics.median(ratios):.3f} (goal: at most 1.15); {os.cpu_count()} cores, "
        f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
