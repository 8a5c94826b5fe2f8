"""The curves of a run as a page draws them: points between 0 and 1 of a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from changen_cli.metrics.registry import find_columns
from changen_cli.training.run.curves import Series, loss_span, loss_unit, running_median, thinned
from changen_cli.training.run.log import Row

POINTS = 600
"""Most points of a line: two for each pixel of its panel."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A curve.

    Attributes:
        title: Its column.
        unit: What its values are, and which way is better.
        low: Value at its lower edge.
        high: Value at its upper edge.
        values: Points as they were logged, x and y from 0 to 1 of the panel, y upwards; what is off it is at its edge.
        smooth: Their running median; none where each value stands for itself.
        marked: Whether each value is a point to be seen.
    """

    title: str
    unit: str
    low: float
    high: float
    values: Sequence[tuple[float, float]]
    smooth: Sequence[tuple[float, float]] = ()
    marked: bool = False


def loss_panel(name: str, curve: Series, last: float) -> Panel | None:
    """Draws a column of ``losses.csv``; None if it has no value at all.

    Args:
        name: The column.
        curve: Iterations and values.
        last: Iteration at the right edge.
    """
    x, y = curve
    if not np.isfinite(y).any():
        return None
    middle_x, middle = running_median(x, y, POINTS)
    low, high = _apart(*loss_span(y, middle))
    values = _points(thinned(x, y, POINTS), last, low, high)
    return Panel(name, loss_unit(name), low, high, values, _points((middle_x, middle), last, low, high))


def metric_panel(name: str, rows: Sequence[Row], last: float) -> Panel | None:
    """Draws a column of ``validation.csv``; None if it has no value at all.

    Args:
        name: The column.
        rows: The log.
        last: Iteration at the right edge.
    """
    x = np.array([row.iteration for row in rows], np.float64)
    y = np.array([row.values[name] for row in rows], np.float64)
    if not np.isfinite(y).any():
        return None
    columns = find_columns()
    low, high = _apart(float(np.min(y[np.isfinite(y)])), float(np.max(y[np.isfinite(y)])))
    unit = columns[name].label if name in columns else ""
    return Panel(name, unit, low, high, _points((x, y), last, low, high), marked=True)


def _apart(low: float, high: float) -> tuple[float, float]:
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
    return low - margin, high + margin


def _points(curve: Series, last: float, low: float, high: float) -> list[tuple[float, float]]:
    x, y = curve
    there = np.isfinite(y)
    across = x[there] / last
    up = np.clip((y[there] - low) / (high - low), 0, 1)
    return [(round(float(a), 4), round(float(b), 4)) for a, b in zip(across, up, strict=True)]
