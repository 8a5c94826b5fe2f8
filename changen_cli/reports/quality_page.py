"""The report as one HTML page that needs nothing else: pictures and charts are inside it, there is no script."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from changen_cli.errors import StoreError
from changen_cli.files import write_whole
from changen_cli.metrics.base import Metric
from changen_cli.metrics.quality import QualityReport
from changen_cli.metrics.registry import find_metrics
from changen_cli.reports.contact_sheet import contact_sheet, pair_row
from changen_cli.reports.page import render
from changen_cli.reports.pictures import picture_uri
from changen_cli.reports.quality_table import summarize

TEMPLATE = "quality.html.j2"


def write_page(path: Path, report: QualityReport) -> None:
    """Writes the report, whole or not at all.

    Args:
        path: HTML file; its folder is made if need be.
        report: What an evaluation found.

    Raises:
        StoreError: If it cannot be written.
    """
    write_whole(path, render_page(report), StoreError)


def render_page(report: QualityReport, metrics: Mapping[str, Metric] | None = None) -> str:
    """Returns the report as HTML.

    Args:
        report: What an evaluation found.
        metrics: Declarations by name; of all that are installed if None.
    """
    declared = find_metrics() if metrics is None else metrics
    charts = [
        chart
        for name, result in report.results.items()
        if "absent" not in result
        for chart in declared[name].charts(result)
    ]
    return render(
        TEMPLATE,
        about=report.about,
        notes=report.notes,
        lines=summarize(report.results, declared),
        charts=charts,
        pairs=report.sheet,
        picture=picture_uri(contact_sheet([pair_row(pair) for pair in report.sheet])) if report.sheet else None,
    )
