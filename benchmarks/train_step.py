"""Images a second of a training step, and where its time goes; with --against, the ratio to another checkout.

Two checkouts are run in turn, each round in processes of their own, so that a machine whose speed drifts does not
favour one. Processor time counts on a shared machine, wall time on one's own. Crops are of a drawn scene.

    python benchmarks/train_step.py --model changen
    git worktree add /tmp/before 49843bf
    python benchmarks/train_step.py --model changen --against /tmp/before --rounds 5
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from scenes import make_scene

RECIPES = {
    "changen": ("compact-paper", {"projected": 1.0, "changed": 8.0}),
    "looks": ("compact", {}),
    "oasis": ("oasis", {}),
    "spade": ("spade", {}),
    "deepfill": ("deepfill", {}),
    "segmenter": ("segmenter", {}),
}
"""Shipped recipes by what they train, and what benchmarks/quality.yaml changes in them."""

WARM_UP = 2
"""Steps before any is timed: the first ones allocate and choose kernels."""


def main() -> None:
    """Parses, runs the steps in other processes, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=sorted(RECIPES), default="changen")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--steps", type=int, default=8, help="timed steps of a process")
    parser.add_argument("--rounds", type=int, default=1, help="processes for each checkout")
    parser.add_argument(
        "--against", type=Path, help="another checkout of this repository, to run in turn with this one"
    )
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)  # a scene: this is one of the processes
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(measure(arguments)))
        return
    here = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as temporary:
        scene = make_scene(Path(temporary), 1024)
        found: dict[Path, list[dict[str, Any]]] = {here: []}
        if arguments.against:
            found[arguments.against.resolve()] = []
        for number in range(arguments.rounds):
            for checkout, rounds in found.items():
                rounds.append(in_a_process(checkout, scene))
                print(f"round {number + 1}, {checkout}: {line(rounds[-1], arguments.batch)}", flush=True)
    describe(found[here][-1], f"{here}")
    if arguments.against:
        before = found[arguments.against.resolve()]
        describe(before[-1], f"{arguments.against}")
        if before[0]["recipe"] != found[here][0]["recipe"]:
            print("caution: the recipes of the two checkouts are not the same")
        for kind in ("wall", "processor"):
            ratios = [b[kind] / a[kind] for a, b in zip(found[here], before, strict=True)]
            shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            print(f"images a second here over those of {arguments.against}, {kind} time: {shown}; median "
                  f"{statistics.median(ratios):.2f}")  # fmt: skip


def in_a_process(checkout: Path, scene: Path) -> dict[str, Any]:
    """Measures a checkout in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, __file__, *sys.argv[1:], "--worker", str(scene)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def line(result: dict[str, Any], batch: int) -> str:
    """One round in words."""
    return (
        f"{batch / result['wall']:.2f} images a second, {batch / result['processor']:.2f} a processor second, "
        f"{result['memory']:.2f} GB"
    )


def describe(result: dict[str, Any], title: str) -> None:
    """Prints where the time of a step goes."""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in result["shares"].items())
    print(f"{title}\n  share of a step: {shares}")
    for name in ("spectral", "data"):
        seconds, what = result[name], {"spectral": "of it spectral norm", "data": "beside it, preparing a batch"}[name]
        print(f"  {what}: {1000 * seconds:.0f} ms of processor time, {seconds / result['processor']:.1%} of a step's")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Times steps of the checkout that is on PYTHONPATH."""
    import torch
    import yaml

    from changen_cli.device import DTYPES, resolve_precision
    from changen_cli.training.config.options import parse_config
    from changen_cli.training.config.recipes import RECIPES as FOLDER
    from changen_cli.training.data.batch import TrainingBatch, make_batch
    from changen_cli.training.data.crops import CropSampler
    from changen_cli.training.data.discover import load_scenes
    from changen_cli.training.learners.make import make_learner

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    name, changes = RECIPES[arguments.model]
    shipped = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    recipe = {
        **shipped, **changes,
        "data": [{"path": str(arguments.worker)}], "batch_size": arguments.batch,
        "crops": {**shipped["crops"], "size": arguments.crop},
    }  # fmt: skip
    config = parse_config(recipe, name)
    scenes, _ = load_scenes(config.data)
    sampler = CropSampler(scenes, config.crops, seed=config.seed, stream="train", classes=config.classes)

    def prepare() -> TrainingBatch:
        crops = [sampler[k] for k in range(config.batch_size)]
        return make_batch(crops, torch.randn(config.batch_size, config.noise_dim))

    batch = prepare()
    learner = make_learner(config, "cpu", DTYPES[resolve_precision(arguments.precision, "cpu")])
    iteration = 0

    def step() -> None:
        nonlocal iteration
        iteration += 1
        learner.step(batch)
        learner.update_ema(iteration)

    for _ in range(WARM_UP):
        step()
    times = [timed(step) for _ in range(arguments.steps)]
    return {
        "wall": statistics.median(wall for wall, _ in times),
        "processor": statistics.median(processor for _, processor in times),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "recipe": {k: v for k, v in recipe.items() if k != "data"},
        "data": statistics.median(timed(prepare)[1] for _ in range(3)),
        "spectral": spectral(learner),
        "shares": shares(step),
    }


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Gives wall and processor seconds of some work."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def shares(step: Callable[[], None]) -> dict[str, float]:
    """Gives the shares of a step by kind of operation."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        step()
        step()
    kinds = dict.fromkeys(("convolution forward", "convolution backward", "normalisation", "optimizers", "rest"), 0.0)
    for event in profiler.key_averages():
        name = event.key
        if "conv" in name.lower():
            kind = "convolution backward" if "backward" in name.lower() else "convolution forward"
        elif "_norm" in name and "vector" not in name:
            kind = "normalisation"
        else:
            kind = "optimizers" if name.startswith("Optimizer") or "adam" in name else "rest"
        kinds[kind] += event.self_cpu_time_total
    total = sum(kinds.values())
    return {kind: value / total for kind, value in kinds.items()}


def spectral(learner: Any) -> float:
    """Gives the processor seconds that a step spends on spectral norm: two losses forward, gradients once each."""
    import torch
    from torch.nn.utils import parametrize

    from changen_cli.models.layers import normalized_once

    def once(network: torch.nn.Module, *, gradients: bool) -> None:
        with normalized_once(network):
            if gradients:
                layers = [layer for layer in network.modules() if parametrize.is_parametrized(layer, "weight")]
                weights = [cast(torch.Tensor, layer.weight) for layer in layers]
                torch.autograd.backward(weights, [torch.zeros_like(w) for w in weights])
        network.zero_grad(set_to_none=True)

    def losses() -> None:
        once(learner.network, gradients=True)
        for discriminator in learner.networks[1:]:
            once(discriminator, gradients=False)
            once(discriminator, gradients=True)

    return statistics.median(timed(losses)[1] for _ in range(5))


if __name__ == "__main__":
    main()
