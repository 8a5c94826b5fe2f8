"""``changen evaluate quality``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from changen_cli.cli.options import takes
from changen_cli.cli.progress import ProgressView
from changen_cli.metrics.options import OUTPUT, QualityOptions
from changen_cli.metrics.registry import list_metrics

app = typer.Typer(no_args_is_help=True, help="Measure what a run made.")

HELP = """Measure the quality of a series: is it realistic, does it show its labels, is it still the same place?

SERIES is the output of `changen generate`, in any format; `--reference` is a folder of real scenes, best ones that
nothing was trained on, or another output, whose first frames are real. Scenes are read at the resolution of SERIES.

{metrics}

A metric that cannot be had is listed as absent, with the reason. Read several together: a synthesiser that copies
everything has the best distances.

**Examples**

`changen evaluate quality out/ --reference scenes/ --report quality.html`

`changen evaluate quality out/ -r scenes/ --inception-weights weights-inception-2015-12-05-6726825d.pth --json`
"""


@app.callback()
def _group() -> None:
    """Measure what a run made."""


@takes(QualityOptions)
def quality_command(
    options: QualityOptions,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page, FILE.html, with pictures and charts inside.", rich_help_panel=OUTPUT),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Metrics as JSON on standard output.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, only the metrics.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Calls :func:`changen_cli.metrics.quality.evaluate_quality`, and reports."""
    from changen_cli.metrics.quality import evaluate_quality
    from changen_cli.reports.quality_page import write_page
    from changen_cli.reports.quality_table import ABSENT, summarize

    with ProgressView("evaluate", quiet=quiet) as view:
        found = evaluate_quality(options, view)
    if report is not None:
        write_page(report, found)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
        return
    table = Table("metric", "value", "better")
    table.add_column("of what", overflow="fold")  # an address that is cut cannot be followed
    for line in summarize(found.results):
        table.add_row(line.title, line.value, line.better, line.detail, style="dim" if line.value == ABSENT else None)
    console = Console()
    console.print(table)
    for note in found.notes:
        console.print(f"note: {note}", highlight=False, markup=False)
    if report is not None:
        console.print(f"report: {report}", highlight=False, markup=False)


app.command("quality", help=HELP.format(metrics=list_metrics()))(quality_command)
