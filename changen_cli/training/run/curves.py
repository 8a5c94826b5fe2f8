"""``curves.png``: every curve of a run, small multiples over the iterations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from changen_cli.errors import TrainingError
from changen_cli.files import replacing_file
from changen_cli.metrics.registry import find_columns
from changen_cli.training.run.log import BEST_SO_FAR, LOSSES, TIMES, VALIDATION, Row, read_log

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

CURVES = "curves.png"

ACROSS = 4
"""Panels in a row."""

WIDTH, ROW, HEAD, DPI = 16.0, 2.5, 0.6, 100
"""Inches of the picture, of a row of panels and of the line above a part; dots an inch."""

POINTS = 2000
"""Most points of a line: more than its panel has pixels."""

UNITS = {"images_per_second": "images/s", "hole": "share of pixels", "right": "share of pixels"}
"""Of the columns of ``losses.csv``, by their last word where not by all of them; anything else is a loss."""

RAW, SMOOTH, POINT, CHOSEN = "#b9c7dc", "#1f4e8c", "#b5541c", "#2a7d3f"

Series = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Iterations, and a value for each, NaN where there is none."""


def draw_curves(folder: Path) -> None:
    """Draws the curves of a run to ``curves.png`` in its folder, whole or not at all.

    Each column of ``losses.csv`` has a panel with its values and their running median; each of ``validation.csv``, if
    there is one, a panel with a point for each validation. The best validation so far is a line through all of them.
    A value far off the others may be outside its panel.

    Args:
        folder: Folder of a training run, finished or not.

    Raises:
        TrainingError: If matplotlib is not installed, or a log is missing or cannot be read.
        StoreError: If the picture cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise TrainingError(f'{CURVES} needs {error.name}; install with: pip install "changen[train]"') from error
    losses = read_losses(folder / LOSSES)
    logged, rows = read_log(folder / VALIDATION)
    names = tuple(name for name in logged if name != BEST_SO_FAR)
    chosen = next((row for row in reversed(rows) if row.values.get(BEST_SO_FAR)), None)
    last = max([1.0, *(x[-1] for x, _ in losses.values() if len(x)), *(float(row.iteration) for row in rows)])

    heights = [HEAD + ROW * math.ceil(len(part) / ACROSS) for part in (losses, names) if part]
    # objects alone: pyplot would keep the figure, and choose a backend for the whole process
    figure = Figure(figsize=(WIDTH, sum(heights)), dpi=DPI, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    _head(parts[0], f"{folder.resolve().name}: training, {int(last):,} iterations (values and running median)")
    for axes, series in zip(
        _panels(parts[0], {name: loss_unit(name) for name in losses}, last), losses.values(), strict=True
    ):
        _draw_loss(axes, *series)
    if names:
        _head(parts[1], "validation on held-out crops" + _say(chosen))
        columns = find_columns()
        units = {name: columns[name].label if name in columns else "" for name in names}
        for axes, name in zip(_panels(parts[1], units, last), names, strict=True):
            _draw_figure(axes, name, rows, chosen)
    if chosen is not None:
        for axes in figure.axes:
            axes.axvline(chosen.iteration, color=CHOSEN, linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
    with replacing_file(folder / CURVES) as temporary:
        canvas.print_png(temporary)


def read_losses(path: Path) -> dict[str, Series]:
    """Reads the curves of a loss log.

    Args:
        path: ``losses.csv`` of a run.

    Returns:
        Curves by column, in the order of the log; the speed comes last.

    Raises:
        TrainingError: If there is no such log, or it cannot be read.
    """
    columns, rows = read_log(path)
    if not columns:
        raise TrainingError(f"{path}: no such log; give the folder of a training run")
    if columns[: len(TIMES)] != TIMES:
        raise TrainingError(f"{path}: is not a log of losses")
    iterations = np.array([row.iteration for row in rows], np.float64)
    # the learner's columns first, as they stand in the log, and speed after them
    curves = {}
    for name in (*columns[len(TIMES) :], "images_per_second"):
        values = np.array([row.values[name] for row in rows], np.float64)
        values[~np.isfinite(values)] = np.nan
        curves[name] = (iterations, values)
    return curves


def _head(part: SubFigure, text: str) -> None:
    part.suptitle(text, x=0.008, ha="left", fontsize=13, fontweight="bold")


def _say(chosen: Row | None) -> str:
    return "" if chosen is None else f"; the best so far at iteration {chosen.iteration:,} (green)"


def _panels(part: SubFigure, units: Mapping[str, str], last: float) -> list[Axes]:
    """Makes a panel for each column; what its values are stands above it."""
    from matplotlib.ticker import EngFormatter, MaxNLocator

    names = list(units)
    down = math.ceil(len(names) / ACROSS)
    grid = part.subplots(down, ACROSS, squeeze=False).ravel()
    for axes in grid[len(names) :]:
        axes.remove()
    panels: list[Axes] = list(grid[: len(names)])
    for number, (axes, name) in enumerate(zip(panels, names, strict=True)):
        axes.set_title(name, loc="left", fontsize=11)
        axes.set_title(units[name], loc="right", fontsize=9, color="#606060")
        axes.set_xlim(0, last * 1.02)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.tick_params(labelsize=9, length=3)
        axes.grid(True, color="#e6e6e6", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        if number + ACROSS >= len(names):
            axes.set_xlabel("iteration", fontsize=9)
    return panels


def loss_unit(name: str) -> str:
    """Says what the values of a column of ``losses.csv`` are."""
    return UNITS.get(name) or UNITS.get(name.rpartition("_")[2], "loss")


def _draw_loss(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    if not np.isfinite(y).any():
        _nothing(axes)
        return
    thin_x, thin_y = thinned(x, y)
    alone = "o" if np.isfinite(y).sum() < 3 else None  # a line through one point is not to be seen
    axes.plot(thin_x, thin_y, color=RAW, linewidth=0.9, marker=alone, markersize=4)
    middle_x, middle = running_median(x, y)
    axes.plot(middle_x, middle, color=SMOOTH, linewidth=1.6, marker=alone, markersize=4)
    _limit(axes, *loss_span(y, middle))


def loss_span(y: NDArray[np.float64], middle: NDArray[np.float64]) -> tuple[float, float]:
    """Returns what of a loss is to be seen, low and high: one spike must not press the rest flat.

    Args:
        y: float64 [N], NaN where there is no value; some are there.
        middle: Its running median, float64 [M].
    """
    low, high = np.quantile(y[np.isfinite(y)], [0.005, 0.995])
    return min(float(low), float(np.nanmin(middle))), max(float(high), float(np.nanmax(middle)))


def _draw_figure(axes: Axes, name: str, rows: list[Row], chosen: Row | None) -> None:
    x = np.array([row.iteration for row in rows], np.float64)
    y = np.array([row.values[name] for row in rows], np.float64)
    y[~np.isfinite(y)] = np.nan
    if not np.isfinite(y).any():
        _nothing(axes)
        return
    size = 4.5 if len(rows) <= 100 else 2.5
    axes.plot(x, y, color=POINT, linewidth=1.0, marker="o", markersize=size)
    if chosen is not None:
        axes.plot(chosen.iteration, chosen.values[name], "o", color=CHOSEN, markersize=7.5, zorder=3)
    _limit(axes, float(np.nanmin(y)), float(np.nanmax(y)))


def _limit(axes: Axes, low: float, high: float) -> None:
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.5
    axes.set_ylim(low - margin, high + margin)


def _nothing(axes: Axes) -> None:
    axes.set_yticks([])
    axes.text(0.5, 0.5, "no values", transform=axes.transAxes, ha="center", va="center", color="#909090")


def thinned(x: NDArray[np.float64], y: NDArray[np.float64], most: int = POINTS) -> Series:
    """Takes the least and the largest value of each stretch of a curve, so that no spike is lost.

    Args:
        x: float64 [N], rising.
        y: float64 [N], NaN where there is no value.
        most: Most points, at least 2.

    Returns:
        The curve as it is if it has no more points, else at most ``most`` of them, in order.
    """
    if len(x) <= most:
        return x, y
    kept: list[int] = []
    for stretch in np.array_split(np.arange(len(x)), most // 2):
        part = y[stretch]
        if np.isfinite(part).any():
            kept += sorted({int(stretch[np.nanargmin(part)]), int(stretch[np.nanargmax(part)])})
        else:
            kept.append(int(stretch[0]))
    return x[kept], y[kept]


def running_median(x: NDArray[np.float64], y: NDArray[np.float64], most: int = POINTS) -> Series:
    """Smooths a curve: the median of about a twentieth of it around each point, at least of five values.

    Args:
        x: float64 [N], rising.
        y: float64 [N], NaN where there is no value; there the curve is passed over.
        most: Most points; of a longer curve the medians of as many stretches are smoothed.

    Returns:
        At most ``most`` points.
    """
    there = np.isfinite(y)
    x, y = x[there], y[there]
    if len(x) > most:
        stretches = np.array_split(np.arange(len(x)), most)
        x, y = (np.array([np.median(values[s]) for s in stretches]) for values in (x, y))
    width = max(5, len(x) // 20) | 1
    smooth: NDArray[np.float64] = median_filter(y, width, mode="reflect") if len(y) else y
    return x, smooth
