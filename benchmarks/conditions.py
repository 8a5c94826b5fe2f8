"""How many tiles of 256 x 256 a core puts under conditions in a second: goal 400 for the whole default set.

Processor time on one thread, drawing included, so that other load on the machine counts little; it still slows caches
and memory down, so the yardstick is measured in turn with it: the multiplications of such a tile by a number, in place,
that fit into the same time. Images are floats already, as a trainer has them.

    python benchmarks/conditions.py
    python benchmarks/conditions.py --conditions light,noise --tiles 64 --rounds 9
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence

import torch

from changen_cli.conditions.apply import apply_conditions
from changen_cli.conditions.choose import STANDARD, Conditions, make_conditions

GOAL = 400
"""Tiles a second and core, of the whole set."""


def seconds_a_tile(tiles: int, action: Callable[[], object]) -> float:
    """Returns the processor seconds of an action, by the tiles that it is for."""
    begun = time.process_time()
    action()
    return (time.process_time() - begun) / tiles


def measure(conditions: Conditions, images: torch.Tensor, rounds: int) -> tuple[list[float], list[float]]:
    """Times conditions and the yardstick in turn.

    Args:
        conditions: Which.
        images: float32 [B, C, H, W].
        rounds: How often; one more comes first and is not counted.

    Returns:
        Processor seconds of a tile, and those of one multiplication of it, round by round.
    """
    keys = [("benchmark", number) for number in range(len(images))]
    copy = images.clone()

    def multiply() -> None:
        for tile in copy:
            tile.mul_(1.0)

    pairs = [
        (
            seconds_a_tile(len(images), lambda: apply_conditions(images, conditions, keys)),
            seconds_a_tile(len(images), multiply),
        )
        for _ in range(rounds + 1)
    ]
    taken, yardstick = zip(*pairs[1:], strict=True)
    return list(taken), list(yardstick)


def describe(name: str, taken: Sequence[float], yardstick: Sequence[float]) -> str:
    """Returns the line of some conditions: median and best rate, and the median ratio to the yardstick."""
    ratio = statistics.median(one / max(other, 1e-9) for one, other in zip(taken, yardstick, strict=True))
    median, best = 1 / statistics.median(taken), 1 / min(taken)
    return f"{name:14s} median {median:6.0f}, best {best:6.0f} tiles a second and core; {ratio:5.0f} multiplications"


def main(words: Sequence[str] | None = None) -> None:
    """Prints a line for the whole set and for each condition."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conditions", default=STANDARD, help="as changen generate takes them")
    parser.add_argument("--tiles", type=int, default=32)
    parser.add_argument("--size", type=int, default=256, help="side of a tile, pixels")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args(words)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    images = torch.rand(arguments.tiles, 3, arguments.size, arguments.size)
    whole = make_conditions(arguments.conditions)
    print(describe("all together", *measure(whole, images, arguments.rounds)), flush=True)
    for name, plugin in whole.chosen:
        alone = Conditions(((name, plugin),))
        print(describe(name, *measure(alone, images, arguments.rounds)), flush=True)
    print(f"goal: {GOAL} all together; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    torch.set_num_threads(threads)


if __name__ == "__main__":
    main()
