"""The page of the feed rate: rates of each stage and of the whole, and how near the whole comes to the limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

GOAL = 290.0
"""Tile-steps a processor second, with Zarr at 256 px ..."""

GOAL_OF_LIMIT = 0.6
"""... or this share of the limit of the same run."""

STAGES = {
    "read": "reading tiles: pixels, validity, footprints",
    "events": "simulating events",
    "draw": "drawing masks",
    "prepare": "all of it before the generator",
    "write": "writing and recording shards",
    "checksums": "checksums alone, part of the above",
}
"""Titles of the stages that are measured alone."""


@dataclass(frozen=True)
class Figure:
    """What something cost.

    Attributes:
        stage: One of :data:`STAGES`, "plain read", "plain write", "whole" or "start".
        tile: Side of the tiles, pixels.
        format: Name of the format; empty where it is of none.
        workers: Worker processes; None where it is of no whole run.
        steps: Tile-steps that were made; 0 for "start".
        processor: Processor seconds, over all processes.
        wall: Seconds.
    """

    stage: str
    tile: int
    format: str
    workers: int | None
    steps: int
    processor: float
    wall: float

    @property
    def rate(self) -> float:
        """Tile-steps a processor second."""
        return self.steps / max(self.processor, 1e-9)


def limit(figures: Iterable[Figure], tile: int, name: str, write: str = "plain write") -> float:
    """Returns the tile-steps a processor second of plain reads and of writes, one after the other.

    Args:
        figures: All of one run.
        tile: Side of the tiles.
        name: Of the format.
        write: The stage that writes: "plain write", or "write" for changen's own, which the whole can never beat.
    """
    found = {f.stage: f.rate for f in figures if f.tile == tile and f.format in ("", name)}
    return 1 / (1 / found["plain read"] + 1 / found[write])


def write_page(figures: list[Figure], about: Mapping[str, Any]) -> str:
    """Returns the page, Markdown.

    Args:
        figures: All of one run.
        about: ``commit``, ``machine`` and ``what``.
    """
    what, machine = about["what"], about["machine"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, load {machine['load']}; commit {about['commit']}. "
        f"Tile-steps a processor second, the best of {what['rounds']} rounds; "
        f"side {what['side']}, {what['steps']} steps.",
    ]
    for tile in what["tile_sizes"]:
        lines += ["", f"### {tile} px", "", *_alone([f for f in figures if f.tile == tile]), ""]
        lines += _together(figures, tile, what["formats"])
    return "\n".join([*lines, "", f"Goal: {GOAL:g} with Zarr at 256 px, or {GOAL_OF_LIMIT:.0%} of the limit."])


def _alone(figures: list[Figure]) -> list[str]:
    """The table of the stages by themselves."""
    lines = ["| stage alone | format | a processor second | ms a tile-step |", "| --- | --- | --- | --- |"]
    titles = {**STAGES, "plain read": "limit: plain rasterio reads", "plain write": "limit: plain writes"}
    for figure in figures:
        if figure.stage in titles:
            spent = 1000 / figure.rate
            lines.append(f"| {titles[figure.stage]} | {figure.format} | {figure.rate:.0f} | {spent:.2f} |")
    return lines


def _together(figures: list[Figure], tile: int, formats: Iterable[str]) -> list[str]:
    """The table of whole runs, against the limit and against the run with the fewest workers."""
    lines = [
        "| whole run | workers | a processor second | limit | of the limit | of plain reads and own writes | "
        "of the first row | to start, s | a second |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in formats:
        here = [f for f in figures if f.tile == tile and f.format == name]
        runs = [f for f in here if f.stage == "whole"]
        starts = {f.workers: f.processor for f in here if f.stage == "start"}
        most, own = limit(figures, tile, name), limit(figures, tile, name, "write")
        for run in runs:
            lines.append(
                f"| {name} | {run.workers} | {run.rate:.0f} | {most:.0f} | {run.rate / most:.0%} | "
                f"{run.rate / own:.0%} | {run.rate / runs[0].rate:.0%} | "
                f"{starts[run.workers]:.1f} | {run.steps / run.wall:.0f} |"
            )
    return lines
