"""One declaration of a metric, and what it is computed from.

A metric is one file with a :class:`Metric` in it, registered in the group ``changen.metrics`` in ``pyproject.toml``::

    [project.entry-points."changen.metrics"]
    contrast = "my_package.contrast:CONTRAST"

Tables, JSON, the page, the columns and curves of a validation, the rule of the best checkpoint and the benchmarks go
over what is declared; none of them names a metric.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from changen_cli.metrics.pairs import Pair
from changen_cli.metrics.text import Chart, Line, number
from changen_cli.store.series import SeriesDataset
from changen_cli.types import AnyArray, BoolArray, Float32Array, UInt8Array

Result: TypeAlias = dict[str, Any]
"""What a metric gives: JSON values by name, or ``absent`` alone, which says why it cannot be had."""

Better = Literal["lower", "higher", ""]


class Role(StrEnum):
    """What a column decides when the best of a training is picked (:mod:`changen_cli.training.validation.best`)."""

    DISTANCE = "distance"
    """How far synthesised images are from real ones; unbiased for few images. The first that there is counts."""

    AGREEMENT = "agreement"
    """A share, 0..1, of the labels that the images show; the mean of all counts."""

    OVERLAP = "overlap"
    """A share, 0..1, of what a segmenter finds; it alone decides."""


@dataclass(frozen=True, slots=True)
class Column:
    """One number of a metric: a column of ``validation.csv``, a curve, and a column of tables that compare series.

    Attributes:
        name: Unique among all metrics: "agreement_created".
        key: Where :attr:`Accumulator.compute` has it: "created".
        title: A word or two.
        unit: "0..1", "grey levels of 255"; "" for none.
        better: Which way is better; "" where neither is.
        digits: Decimals that mean something.
        role: What it decides when the best of a training is picked.
        said: Whether the line that a validation says has it; the log has all.
        compared: Whether tables that compare many series have it.
        ceiling: Where the result's ``real`` has the value of real images, if it does.
        own: Whether it compares each image with its own I_t and labels alone, so that it needs no reference.
    """

    name: str
    key: str
    title: str
    unit: str = ""
    better: Better = ""
    digits: int = 3
    role: Role | None = None
    said: bool = False
    compared: bool = True
    ceiling: str | None = None
    own: bool = True

    @property
    def label(self) -> str:
        """Unit and direction in words, for a curve."""
        return ", ".join(part for part in (self.unit, f"{self.better} is better" if self.better else "") if part)


@dataclass(frozen=True, slots=True)
class RealImage:
    """A real image.

    Attributes:
        id: Unique in its group.
        image: uint8 [3, H, W].
        areas: Areas of the real footprints that the image shows whole, square pixels.
    """

    id: str
    image: UInt8Array
    areas: tuple[float, ...] = ()


Group = Literal["real", "pre_event", "synthesised"]
"""Sets of images: the reference; real frames I_0 of the series; synthesised frames."""


@dataclass(frozen=True, slots=True)
class Features:
    """What a network extracts from a batch of images.

    Attributes:
        group: Which set they belong to.
        names: Of the images, unique in their set.
        vectors: float32 [N, D].
        logits: float32 [N, classes], or None where the network classifies nothing.
    """

    group: Group
    names: Sequence[str]
    vectors: AnyArray
    logits: AnyArray | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What an evaluation tells a metric before it sees anything.

    Attributes:
        seed: Of whatever it draws.
        size: D of the network's features, for a metric that needs one.
        series: What is evaluated, for a metric that needs "series".
    """

    seed: int = 0
    size: int = 0
    series: SeriesDataset | None = None


class Accumulator:
    """What a metric has seen so far: sums, or samples of bounded size.

    A metric overrides the methods of what it needs. It keeps no network, since evaluations that go apart copy it.
    """

    def see_pair(self, pair: Pair) -> None:
        """Takes one step of a series."""

    def see_real(self, image: RealImage, group: Group) -> None:
        """Takes a real image, of the reference ("real") or an I_0 of the series ("pre_event")."""

    def see_features(self, batch: Features) -> None:
        """Takes what the network that the metric needs extracts from a batch of images."""

    def see_reading(self, pair: Pair, seen: BoolArray, *, real: bool) -> None:
        """Takes where the segmenter sees a building, bool [H, W]: in I~_t+1, or with ``real`` in a real I_t."""

    def see_classes(self, found: UInt8Array, truth: UInt8Array, valid: BoolArray) -> None:
        """Takes classes that a segmenter in training finds in a real image and the true ones, uint8 [H, W] both."""

    def see_change(self, probability: Float32Array, change: UInt8Array, valid: BoolArray) -> None:
        """Takes the probability of change that a detector in training gives each pixel of a pair, and the label."""

    def compute(self) -> Result:
        """Computes the metric from what was seen; more may be seen afterwards."""
        raise NotImplementedError


def default_lines(metric: Metric, result: Result) -> list[Line]:
    """Returns a line for each column."""
    return [
        Line(
            f"  {column.title}" if place else metric.title,
            number(result[column.key], column.digits),
            column.better,
            column.unit,
        )
        for place, column in enumerate(metric.columns)
    ]


def no_charts(result: Result) -> list[Chart]:
    """Returns no chart."""
    return []


@dataclass(frozen=True, slots=True)
class Metric:
    """Declares a metric.

    Attributes:
        name: Key in JSON.
        title: In tables.
        columns: Its numbers; none for a metric of counts.
        make: Makes a fresh accumulator.
        rank: Place among metrics in tables, JSON and logs; small ones come first.
        needs: What else than pairs and real images: the name of a network (:class:`~changen_cli.metrics.networks`),
            "series" for what only a stored series has, or "" for nothing. Where that is not known at all the metric is
            left out; where there is a reason why it is not there the metric is absent for that reason.
        summary: One line for ``--help``, after the title; "" to be left out there.
        lines: How a result reads in a table; the columns if None.
        charts: What of a result is drawn on the page.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    make: Callable[[Setting], Accumulator]
    rank: float = 100
    needs: str = ""
    summary: str = ""
    lines: Callable[[Metric, Result], list[Line]] = default_lines
    charts: Callable[[Result], list[Chart]] = no_charts


def absent(reason: str) -> Result:
    """Returns the result of a metric that cannot be had.

    Args:
        reason: Why, and what to do to get it.
    """
    return {"absent": reason}


def share(part: float, whole: float) -> float | None:
    """Returns ``part / whole``, or None where there is nothing to share."""
    return part / whole if whole else None


class WeightedMean:
    """A running mean with weights, for any number of values."""

    def __init__(self) -> None:
        self.total = 0.0
        self.weight = 0.0

    def add(self, value: float, weight: float) -> None:
        """Adds one value.

        Args:
            value: Any finite number.
            weight: How much it counts, 0 or more.
        """
        self.total += value * weight
        self.weight += weight

    @property
    def mean(self) -> float:
        """The mean so far; NaN if nothing has weight."""
        return self.total / self.weight if self.weight else math.nan
