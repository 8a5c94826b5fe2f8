"""How much longer ``changen generate`` takes than the bare generator on the same batches; the goal is 1.15 at most.

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
    """Times the synthesizer alone on the batches that ``generate`` would give it; reading them is not timed."""
    import torch

    from changen_cli.pipeline.prepare import Preparer
    from changen_cli.pipeline.run import resolve_run
    from changen_cli.synthesis.base import Batch

    run = resolve_run(options)
    preparer = Preparer(run.task())
    seconds, steps = 0.0, 0
    for shard in range(run.plan.spec.shards):
        for item in preparer.prepare(shard):
            series = item.outcome.series
            if series is None or item.noise is None:
                continue
            image = torch.from_numpy(series.images)
            masks = torch.from_numpy(series.masks)[None]
            noise = torch.from_numpy(item.noise)[None]
            begun = time.perf_counter()
            for step in range(options.steps):
                image = run.synthesizer.synthesize(Batch(image, masks[:, step], masks[:, step + 1], noise[:, step]))
            seconds += time.perf_counter() - begun
            steps += options.steps
    return seconds, steps


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
                weights=arguments.weights, format=arguments.format,
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
