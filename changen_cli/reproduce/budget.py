"""``--dry-run``: what a table would take in GPU hours, disk and downloads, calculated and never measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from changen_cli.reproduce.plan import read_rates
from changen_cli.reproduce.steps import Step, in_order

FORWARD_AND_BACK = 3
"""A step of training in forward passes."""

FLOAT = 4
"""Bytes of a float32."""

STATES = 3
"""What a checkpoint has of each parameter: it, its moving average, and at least one number of the optimizer."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a step takes.

    Attributes:
        name: Of the step.
        hours: Of one H100, at least.
        gigabytes: Of disk, at most.
        how: How the hours were come to.
        done: Whether it is done already.
        lacking: What is not there for it.
    """

    name: str
    hours: float
    gigabytes: float
    how: str
    done: bool
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """What a table takes.

    Attributes:
        items: Of each step.
        downloads: Gigabytes by data set, those that are there left out.
        margin: How many times the bound is to be reckoned with.
    """

    items: tuple[Item, ...]
    downloads: Mapping[str, float]
    margin: float

    @property
    def hours(self) -> float:
        """GPU hours of what is not done, at least."""
        return sum(item.hours for item in self.items if not item.done)

    @property
    def gigabytes(self) -> float:
        """Disk of what is not done, at most."""
        return sum(item.gigabytes for item in self.items if not item.done)


def estimate(steps: Iterable[Step], root: Path, downloads: Mapping[str, float]) -> Budget:
    """Adds up what steps take, and those before them, each once.

    Args:
        steps: The last ones.
        root: The folder of all results.
        downloads: Gigabytes of what is still to be downloaded, by data set.
    """
    items = tuple(_item(step, root) for step in in_order(steps))
    return Budget(items, downloads, float(_rates()["margin"]))


def _item(step: Step, root: Path) -> Item:
    hours, how = gpu_hours(step.cost)
    return Item(step.name, hours, disk(step.cost) / 1e9, how, step.done(root), step.all_lacking())


def gpu_hours(cost: Mapping[str, Any]) -> tuple[float, str]:
    """Calculates the hours of one H100 that a step takes at least.

    Args:
        cost: Of a step: ``what`` ("train a detector", "train a generator", "generate"), of ``which``, ``count``.

    Returns:
        Hours, and how they were come to.
    """
    rates, what, count = _rates(), cost.get("what"), float(cost.get("count", 0))
    if what == "train a detector":
        gmac = rates["gmac"][cost["which"]]
        seconds = FORWARD_AND_BACK * 2e9 * gmac / rates["peak"] * rates["slowdown"]
        return count * seconds / 3600, (
            f"{count:,.0f} pairs of 256 px x {FORWARD_AND_BACK} x {gmac:g} GMAC at {rates['peak'] / 1e12:g} TFLOP/s x "
            f"{rates['slowdown']:g} for memory"
        )
    if what == "train a generator":
        return count * rates["train_image"] / 3.6e6, f"{count:,.0f} images x {rates['train_image']:g} ms"
    if what == "generate" and cost["which"] not in rates["without_gpu"]:
        return count * rates["generate_image"] / 3.6e6, f"{count:,.0f} images x {rates['generate_image']:g} ms"
    return 0.0, "no GPU to speak of"


def disk(cost: Mapping[str, Any]) -> float:
    """Calculates the bytes that what a step makes takes at most."""
    rates, what = _rates(), cost.get("what")
    if what == "generate":
        return float(cost["count"] * rates["pair_bytes"])
    if what is None:
        return 0.0
    parameters = rates["parameters"]["generator" if what == "train a generator" else cost["which"]]
    return float(1e6 * parameters * FLOAT * STATES)


@cache
def _rates() -> Mapping[str, Any]:
    return read_rates()


def as_lines(budget: Budget, title: str) -> list[str]:
    """Writes a budget for people."""
    lines = [f"{title}: calculated by the data sheet of one H100, not measured", ""]
    for item in budget.items:
        if item.hours or item.gigabytes >= 0.1:
            state = "done" if item.done else f"{item.hours:.2f} h"
            lacks = ", lacking data" if item.lacking else ""
            lines.append(f"  {item.name}: {state}, {item.gigabytes:.1f} GB{lacks}: {item.how}")
    high = budget.margin * budget.hours
    lines += [
        "",
        f"GPU: {budget.hours:.1f} h at least; reckon with up to {high:.0f} h, {budget.margin:g} times the bound, and "
        "more where data cannot be read fast enough",
        f"disk: {budget.gigabytes:.0f} GB at most",
        f"download: {sum(budget.downloads.values()):.0f} GB"
        + "".join(f"; {name} {size:g}" for name, size in budget.downloads.items()),
    ]
    lacking = dict.fromkeys(reason for item in budget.items for reason in item.lacking)
    return lines + [f"missing: {reason}" for reason in lacking]
