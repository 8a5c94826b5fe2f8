"""The report of ``changen evaluate detection``: a folder with a page and the same results as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from changen_cli.errors import StoreError
from changen_cli.files import write_whole
from changen_cli.metrics.detection.results import DetectionReport, Points, SeenPair
from changen_cli.reports.contact_sheet import Row, contact_sheet
from changen_cli.reports.detection_table import HEADER, event_header, event_rows, score_rows, title_of
from changen_cli.reports.page import render
from changen_cli.reports.pictures import as_picture, draw_found, picture_uri

TEMPLATE = "detection.html.j2"
PAGE, DATA = "index.html", "detection.json"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart.

    Attributes:
        title: Stands in its legend.
        points: x from 0 to what the chart goes to, y from 0 to 1.
        dashed: Whether it is one to compare with.
    """

    title: str
    points: Points
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class LineChart:
    """Lines over one axis.

    Attributes:
        title: Stands above it.
        along: What the axis is.
        across: Where it ends; it begins at 0.
        lines: From front to back.
    """

    title: str
    along: str
    across: float
    lines: tuple[Line, ...]


def write_report(folder: Path, report: DetectionReport) -> None:
    """Writes ``index.html`` and ``detection.json``, each whole or not at all.

    Args:
        folder: Made if need be.
        report: What an evaluation found.

    Raises:
        StoreError: If they cannot be written.
    """
    write_whole(folder / DATA, as_text(report), StoreError)
    write_whole(folder / PAGE, render_page(report), StoreError)


def as_text(report: DetectionReport) -> str:
    """Returns everything but the pictures, as JSON."""
    return json.dumps(report.as_json(), indent=2, allow_nan=False) + "\n"


def render_page(report: DetectionReport) -> str:
    """Returns the page, with its pictures inside.

    Args:
        report: What an evaluation found.
    """
    groups = [
        {
            "title": f"Pairs of {title_of(one)}",
            "pictures": {
                which.capitalize(): [
                    {"id": seen.pair.id, "f1": seen.f1, "picture": picture_uri(_draw(seen, report))} for seen in some
                ]
                for which, some in one.seen.items()
            },
        }
        for one in report.results
        if one.seen
    ]
    return render(
        TEMPLATE,
        about=report.about,
        header=HEADER,
        rows=score_rows(report),
        event_header=event_header(report),
        events=event_rows(report),
        charts=charts_of(report),
        groups=groups,
    )


def charts_of(report: DetectionReport) -> list[LineChart]:
    """Returns the precision-recall curves of all detectors in one chart, and the learning curves of each run."""
    curves = [Line(title_of(one), one.curve) for one in report.results if one.curve]
    charts = []
    if curves:
        floor = report.about["changed"]
        assert isinstance(floor, float), "where there are curves something changed"
        flat = Line("every pixel changed", [(0.0, floor), (1.0, floor)], dashed=True)
        charts.append(LineChart("Precision over recall", "recall", 1.0, (*curves, flat)))
    for run in report.learning:
        lines = tuple(Line(name, points) for name, points in run.curves.items() if points)
        last = max((points[-1][0] for points in run.curves.values() if points), default=0.0)
        if last > 1:
            charts.append(LineChart(f"Learning of {run.name}", "iterations", last, lines))
    return charts


def _draw(seen: SeenPair, report: DetectionReport) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return contact_sheet([seen_row(seen, float(str(report.about["threshold"])))])


def seen_row(seen: SeenPair, threshold: float) -> Row:
    """Draws a pair: both images, the label, the probability of change, and what a threshold makes of it.

    Args:
        seen: The pair.
        threshold: Probability from which a pixel counts as changed.
    """
    pair = seen.pair
    label = np.repeat(pair.change[..., None] * np.uint8(255), 3, 2)
    grey = np.repeat(np.rint(seen.probability * 255).astype(np.uint8)[..., None], 3, 2)
    found = draw_found(seen.probability >= threshold, pair.change, pair.valid)
    return [as_picture(pair.before), as_picture(pair.after), label, grey, found]
