"""The results of ``changen evaluate detection`` in words and numbers, for the terminal and the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from changen_cli.metrics.detection.results import DetectionReport, DetectorResult
from changen_cli.metrics.text import number

SCORES = {
    "f1": "F1",
    "iou": "IoU",
    "precision": "precision",
    "recall": "recall",
    "best_f1": "best F1",
    "best_threshold": "at",
    "average_precision": "AP",
}
"""Titles of the scores, in the order of the columns."""

HEADER = ("detector", *SCORES.values())


def score_rows(report: DetectionReport) -> list[list[str]]:
    """Returns the rows of the table of scores, under :data:`HEADER`; the last is that of calling everything changed."""
    rows = [[title_of(one), *_cells(one.scores)] for one in report.results]
    return [*rows, ["all change", *_cells(report.floor)]]


def title_of(result: DetectorResult) -> str:
    """Names a detector: its weights, and what it is where it is no detector by itself."""
    return result.name if result.kind == "detector" else f"{result.name}, {result.kind}"


def _cells(scores: Mapping[str, Any]) -> list[str]:
    return [number(scores.get(name)) for name in SCORES]


def event_header(report: DetectionReport) -> list[str]:
    """Returns the heads of :func:`event_rows`."""
    names = report.results[0].scores["events"]
    return ["recall, and at best F1", *names] if names else []


def event_rows(report: DetectionReport) -> list[list[str]]:
    """Returns the recall of each kind of change, a row a detector; none where the pairs do not tell them apart."""
    if not report.results[0].scores["events"]:
        return []
    return [
        [
            title_of(one),
            *(f"{number(of['recall'])}, {number(of['best_recall'])}" for of in one.scores["events"].values()),
        ]
        for one in report.results
    ]
