"""What a forward pass of a generator costs, against that of another recipe: both in one process, in turn.

Processor time, so that what else runs on the machine matters little; the spectral norms are folded away, as in
`changen generate`. With --profile, which operations take the time.

    python benchmarks/forward.py
    python benchmarks/forward.py --recipes compact compact-paper --precision bf16 --profile
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable

import torch
import yaml
from torch.profiler import ProfilerActivity, profile

# train_step.timed would do, but benchmarks are run as files, each with its folder on the path
from train_step import timed

from changen_cli.device import DTYPES, autocast
from changen_cli.models.changen import MODEL
from changen_cli.models.layers import fold_spectral_norm
from changen_cli.models.looks import Looks
from changen_cli.options import build
from changen_cli.training.config.recipes import RECIPES

OBJECTS = 40
"""Footprints of a tile."""


def main() -> None:
    """Parses, times, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", nargs=2, default=["compact", "compact-paper"], help="the first over the second")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", choices=["fp32", "bf16"], nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for precision in arguments.precision:
        passes = [forward(name, arguments.batch, arguments.size, DTYPES[precision]) for name in arguments.recipes]
        for run in passes:
            run()
        times = [[timed(run)[1] for run in passes] for _ in range(arguments.rounds)]
        ratios = [one / other for one, other in times]
        seconds = [statistics.median(column) for column in zip(*times, strict=True)]
        shown = ", ".join(f"{name} {1000 * s:.0f} ms" for name, s in zip(arguments.recipes, seconds, strict=True))
        print(f"{precision}: {shown}; ratio {statistics.median(ratios):.3f} ({min(ratios):.2f} to {max(ratios):.2f})")
        if arguments.profile:
            for name, run in zip(arguments.recipes, passes, strict=True):
                with profile(activities=[ProfilerActivity.CPU]) as profiler:
                    run()
                print(name, profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=22), sep="\n")


def forward(recipe: str, batch: int, size: int, dtype: torch.dtype) -> Callable[[], object]:
    """Makes the generator of a recipe and a batch, and returns its forward pass."""
    torch.manual_seed(0)
    values = yaml.safe_load((RECIPES / f"{recipe}.yaml").read_text())
    network = MODEL.network(build(MODEL.config, values["generator"], recipe)).eval()
    fold_spectral_norm(network).to(memory_format=torch.channels_last)
    image = (torch.rand(batch, 3, size, size) * 2 - 1).contiguous(memory_format=torch.channels_last)
    regions = torch.zeros(batch, size, size, dtype=torch.int32)
    side = size // 16
    for number in range(OBJECTS):
        row, column = divmod(number, 7)
        place = slice(row * 2 * side, row * 2 * side + side), slice(column * 2 * side, column * 2 * side + side)
        regions[:, *place] = number + 1
    before = (regions > 0).to(torch.uint8)
    after = (regions > OBJECTS // 8).to(torch.uint8)
    dim = network.config.noise_dim
    noise: torch.Tensor | Looks = torch.randn(batch, dim)
    if network.config.looks:
        noise = Looks(torch.randn(batch, OBJECTS + 1, dim), regions * after, torch.arange(batch))

    @torch.inference_mode()
    def run() -> object:
        with autocast("cpu", dtype):
            return network(image, before, after, noise)

    return run


if __name__ == "__main__":
    main()
