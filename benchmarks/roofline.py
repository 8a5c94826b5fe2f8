"""What training costs on a GPU, calculated, never measured: arithmetic, bytes, and the time that is their bound.

The step runs on tensors without values, as autocast would run it. Each operation takes at least its arithmetic over the
peak rate, and at least the bytes of its inputs and outputs over the bandwidth of the memory, whichever is longer;
nothing is fused and nothing stays in a cache between operations. Real kernels reach less than both peaks.

    python benchmarks/roofline.py --recipe paper --gpus 8
    python benchmarks/roofline.py --recipe changestar-levir --gpus 1     # a detector's: pairs
    python benchmarks/roofline.py --detectors                            # those of the paper's tables, a line for each
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from roofline_count import LAUNCH, LINK, MEMORY, TENSOR_CORES, Cost, forward_cost, step_cost

from changen_cli.reproduce.plan import detectors
from changen_cli.training.config.detection import DetectionConfig, with_head
from changen_cli.training.config.parse import parse_run
from changen_cli.training.config.recipes import read_recipe
from changen_cli.training.config.run import RunOptions

OWN = {"ChangeLite": "changelite-pairs"}
"""Detectors that stand in no table of the paper, and their recipes."""

SIDE = 256
"""Pixels of a side of the pairs whose multiply-adds Table 6 gives."""


def read_config(recipe: str) -> RunOptions:
    """Reads a shipped recipe; that it has no data is no matter."""
    values = {**read_recipe(recipe), "data": [{"path": "."}]}
    return parse_run(values if "generator" in values else with_head(values), recipe)


def report(config: RunOptions, gpus: int) -> Iterator[str]:
    """Describes a step of a recipe on some GPUs, line by line."""
    batch = config.batch_size // gpus
    cost, trained = step_cost(config, batch)
    compute, memory, bound = cost.flops / TENSOR_CORES, cost.moved / MEMORY, sum(cost.seconds.values())
    exchange = 2 * (gpus - 1) / gpus * 4 * sum(trained) / LINK
    eager, fused = max(bound, LAUNCH * cost.launches) + exchange, max(compute, conv(cost)) + exchange
    side = config.crops.size  # type: ignore[attr-defined]  # of both kinds of training, not of their base
    what = "pairs" if isinstance(config, DetectionConfig) else "images"
    yield f"{gpus} x H100, {batch} {what} of {side} x {side} on each: calculated, not measured"
    yield f"  arithmetic {cost.flops / 1e12:.2f} TFLOP, at peak {1000 * compute:.1f} ms"
    yield f"  memory {cost.moved / 1e9:.1f} GB by {cost.launches} operations, at peak {1000 * memory:.1f} ms"
    yield f"  the longer of both, operation by operation: {1000 * bound:.1f} ms"
    for name, seconds in sorted(cost.seconds.items(), key=lambda item: -item[1]):
        yield f"    {name} {1000 * seconds:.1f} ms, {seconds / bound:.0%}"
    if gpus > 1:
        yield f"  exchange of {sum(trained) / 1e6:.1f} M gradients by NVLink, not overlapped: {1000 * exchange:.2f} ms"
    yield f"  host, at {1e6 * LAUNCH:.0f} us an operation, beside the device: {1000 * LAUNCH * cost.launches:.1f} ms"
    for how, seconds in (("nothing fused", eager), ("all but convolutions free", fused)):
        hours = seconds * config.iterations / 3600
        yield f"  {how}: at most {config.batch_size / seconds:.0f} {what} a second, {hours:.1f} h for the recipe"


def conv(cost: Cost) -> float:
    """Gives the bound of the convolutions alone."""
    return sum(seconds for name, seconds in cost.seconds.items() if name.startswith("convolution"))


def list_detectors() -> Iterator[str]:
    """Describes the detectors of the tables, each a line of Markdown: what a pair costs, and what fine-tuning does."""
    yield f"One H100, calculated, not measured; forward: a pair of {SIDE} x {SIDE}; bound: at least so long"
    yield ""
    yield "| detector | M parameters | GMAC forward | us, bound | step | TFLOP | ms, bound | ms, host | min, recipe |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    named = {entry.title: entry.finetune for entry in detectors().values()} | OWN
    for title, recipe in named.items():
        config = read_config(recipe)
        assert isinstance(config, DetectionConfig), "a detector's recipe"
        forward = forward_cost(config, SIDE)
        cost, trained = step_cost(config, config.batch_size)
        bound, host, once = sum(cost.seconds.values()), LAUNCH * cost.launches, sum(forward.seconds.values())
        yield (
            f"| {title} | {trained[0] / 1e6:.2f} | {forward.flops / 2e9:.2f} | {1e6 * once:.0f} "
            f"| {config.batch_size} pairs of {config.crops.size} px | {cost.flops / 1e12:.2f} | {1000 * bound:.1f} "
            f"| {1000 * host:.1f} | {max(bound, host) * config.iterations / 60:.1f} |"
        )


def main() -> None:
    """Parses and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="paper", help="a shipped recipe, of a generator or of a detector")
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 8], help="they share the recipe's batch")
    parser.add_argument("--detectors", action="store_true", help="list the detectors of the paper's tables instead")
    arguments = parser.parse_args()
    if arguments.detectors:
        print(*list_detectors(), sep="\n", flush=True)
        return
    config = read_config(arguments.recipe)
    for gpus in arguments.gpus:
        print(*report(config, gpus), sep="\n", flush=True)


if __name__ == "__main__":
    main()
