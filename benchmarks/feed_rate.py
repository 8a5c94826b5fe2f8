"""How fast everything but the generator is: goal 290 tile-steps a second a core, Zarr, 256 px; or 60 % of the limit.

"A core" is a second of processor time over all processes, so that other load on the machine counts little. Every stage
is measured alone (reading, events, drawing, writing, checksums), and all of them as ``changen generate --synthesizer
copy`` runs them, by itself and with worker processes. The limit, measured in the same run, is plain rasterio reads of
the tiles and plain writes of the same pixels with the format's library: zarr-python, rasterio's GTiff and PNG; changen
may beat it where it writes more cleverly than the library, so plain reads with its own writes are given too.

    python benchmarks/feed_rate.py
    python benchmarks/feed_rate.py --side 2048 --tile-sizes 256 --formats zarr --workers 0   # a quarter, in a minute
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from math import ceil, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from about import commit, describe_machine
from commands import write_json
from feed_page import Figure, write_page
from scenes import make_scene

if TYPE_CHECKING:
    from feed_stages import Action, Feed

FORMATS = ("zarr", "geotiff", "levir")


@dataclass(frozen=True)
class What:
    """What is measured: the options of the command."""

    side: int
    steps: int
    tile_sizes: tuple[int, ...]
    formats: tuple[str, ...]
    workers: tuple[int, ...]
    rounds: int


def processor_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def least(rounds: int, make: Callable[[], Action]) -> tuple[float, float]:
    """Runs something several times.

    Args:
        rounds: How often.
        make: Makes ready, unmeasured, and returns what is measured.

    Returns:
        The least processor seconds and the least seconds: whatever else runs only adds.
    """
    found = []
    for _ in range(rounds):
        action = make()
        wall, processor = time.perf_counter(), processor_seconds()
        action()
        found.append((processor_seconds() - processor, time.perf_counter() - wall))
    return min(one for one, _ in found), min(one for _, one in found)


def measure(what: What, folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """Measures everything of a plan.

    Args:
        what: The plan.
        folder: An empty folder to work in.
        say: Told what is measured next.

    Yields:
        Each figure when it is known.
    """
    from feed_stages import Feed

    from changen_cli.pipeline.options import GenerateOptions

    scene = make_scene(folder, what.side)
    for tile in what.tile_sizes:
        options = GenerateOptions(
            inputs=(str(scene),), output=str(folder / "none"), steps=what.steps, synthesizer="copy", tile_size=tile,
            workers=0,
        )  # fmt: skip
        say(f"{tile} px")
        feed = Feed.open(options)
        yield from stages_alone(feed, tile, what, folder, say)
        feed.preparer.close()
        shard = feed.preparer.task.plan.spec.shard_samples
        for name in what.formats:
            for workers in what.workers:
                say(f"{tile} px, {name}, {workers} workers")
                yield from whole(options, name, workers, shard, what, folder)


def stages_alone(feed: Feed, tile: int, what: What, folder: Path, say: Callable[[str], None]) -> Iterator[Figure]:
    """Measures each stage by itself, and what the limit is made of."""

    def figure(stage: str, steps: int, make: Callable[[], Action], name: str = "") -> Figure:
        say(f"{tile} px, {stage} {name}")
        return Figure(stage, tile, name, None, steps, *least(what.rounds, make))

    yield figure("read", feed.steps, lambda: feed.read)
    yield figure("events", feed.steps, lambda: feed.simulate)
    yield figure("draw", feed.steps, lambda: feed.draw)
    yield figure("prepare", feed.steps, lambda: feed.prepare)
    yield figure("plain read", feed.steps, lambda: feed.plain_read)
    for name in what.formats:
        written = folder / f"written_{name}"
        yield figure("write", feed.written_steps, partial(feed.write, written, name), name)
        yield figure("checksums", feed.written_steps, partial(feed.checksums, written), name)
        plain = folder / f"plain_{name}"
        yield figure("plain write", feed.written_steps, partial(feed.plain_write, plain, name), name)


def whole(options: Any, name: str, workers: int, shard: int, what: What, folder: Path) -> Iterator[Figure]:
    """Measures ``generate()``: on the scene, and on one of a few shards, so that its start can be told apart.

    Yields:
        What a run costs however small it is, and the rate of what comes on top.
    """
    from dataclasses import replace

    from changen_cli.pipeline.generate import generate

    tile = options.tile_size
    few = min(max(ceil(sqrt((max(workers, 1) + 1) * shard)), 1), max(what.side // tile // 2, 1))
    counts, costs = [], []
    for side in (few * tile, what.side):
        scene = make_scene(folder, side)
        run = replace(
            options, inputs=(str(scene),), format=name, workers=workers, output=str(folder / "whole"), overwrite=True
        )
        costs.append(least(what.rounds, partial(partial, generate, run)))
        counts.append(ceil(side / tile) ** 2 * what.steps)
    more = counts[1] - counts[0]
    processor, wall = (max(large - small, 1e-9) for small, large in zip(*costs, strict=True))
    yield Figure("whole", tile, name, workers, more, processor, wall)
    start = [max(small - counts[0] * part / more, 0.0) for small, part in zip(costs[0], (processor, wall), strict=True)]
    yield Figure("start", tile, name, workers, 0, *start)


@contextmanager
def working_folder(given: Path | None) -> Iterator[Path]:
    """Gives the folder for scenes and outputs: the one that was asked for, else one that is gone afterwards."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)


def main(words: list[str] | None = None) -> None:
    """Measures what is asked for, prints the page, and keeps the figures if they are wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--side", type=int, default=4096, help="side of the scene, pixels; a multiple of the tiles'")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--tile-sizes", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), choices=FORMATS)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=3, help="the least of so many counts")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--folder", type=Path, help="for scenes and outputs; a temporary one if not given")
    given = parser.parse_args(words)
    if any(given.side < 2 * tile or given.side % tile for tile in given.tile_sizes):
        parser.error(f"--side {given.side}: must be a multiple of every tile size, and at least two tiles")
    lists = {name: tuple(getattr(given, name)) for name in ("tile_sizes", "formats", "workers")}
    what = What(side=given.side, steps=given.steps, rounds=given.rounds, **lists)
    with working_folder(given.folder) as folder:
        figures = list(measure(what, folder, lambda text: print(f"{text} ...", flush=True)))
    about = {"commit": commit("feed_rate.py"), "machine": describe_machine(), "what": asdict(what)}
    if given.json is not None:
        write_json(given.json, {**about, "figures": [asdict(figure) for figure in figures]})
    print(write_page(figures, about))


if __name__ == "__main__":
    main()
