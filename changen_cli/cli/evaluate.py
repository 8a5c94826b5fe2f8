"""``changen evaluate quality`` and ``changen evaluate detection``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from changen_cli.cli.options import takes
from changen_cli.cli.progress import ProgressView
from changen_cli.detection.options import EvaluateOptions
from changen_cli.metrics.options import OUTPUT, QualityOptions
from changen_cli.metrics.registry import list_metrics

app = typer.Typer(no_args_is_help=True, help="Measure what a run made, and what detectors find.")

HELP = """Measure the quality of a series: is it realistic, does it show its labels, is it still the same place?

SERIES is the output of `changen generate`, in any format; `--reference` is a folder of real scenes, best ones that
nothing was trained on, or another output, whose first frames are real. Scenes are read at the resolution of SERIES.

{metrics}

A metric that cannot be had is listed as absent, with the reason. Read several together: a synthesiser that copies
everything has the best distances.

**Examples**

`changen evaluate quality out/ --reference scenes/ --report quality.html`

`changen evaluate quality out/ -r scenes/ --inception-weights weights-inception-2015-12-05-6726825d.pth --json -`
"""


DETECTION_HELP = """Measure change detectors on pairs with change labels: do they find what changed, and only that?

The pairs (`--data`) are an output of `changen generate` in any format, LEVIR-CD, LEVIR-CD+, WHU-CD, S2Looking, or any
folder with `A`, `B` and `label`. Nothing is trained on them, so on data of others this is the zero-shot protocol of the
paper's Table 4. Weights of a segmenter (`--weights segmenter`) read both dates, and change is where they differ:
post-classification, the bar that a detector has to clear.

**Scores**, over the valid pixels of all pairs together

`F1`, `IoU`, `precision`, `recall`: at a probability of `--threshold`. They swing with how a detector is calibrated, so

`best F1`, `average precision`: over all thresholds. Compare detectors by these on data that they were not trained on.

Every table has the scores of calling every pixel changed, which a detector must be above. On series of changen the
recall of each event is told apart.

**Examples**

`changen evaluate detection --weights mine.safetensors --weights segmenter --data LEVIR-CD/ --split test`

`changen evaluate detection -w segmenter -d changen-out/ --report report/ --json scores.json`
"""


@app.callback()
def _group() -> None:
    """Measure what a run made, and what detectors find."""


@takes(QualityOptions)
def quality_command(
    options: QualityOptions,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page, FILE.html, with pictures and charts inside.", rich_help_panel=OUTPUT),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the metrics as JSON; - for standard output.", rich_help_panel=OUTPUT),
    ] = None,
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
    if json_file is not None and _give_json(json_file, json.dumps(found.as_json(), indent=2, allow_nan=False) + "\n"):
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


@takes(EvaluateOptions)
def detection_command(
    options: EvaluateOptions,
    report: Annotated[
        Path | None,
        typer.Option(help="Folder for a page, index.html, with curves, best and worst pairs.", rich_help_panel=OUTPUT),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the scores as JSON; - for standard output.", rich_help_panel=OUTPUT),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, only the scores.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Calls :func:`changen_cli.detection.evaluate.evaluate_detection`, and reports."""
    from changen_cli.detection.evaluate import evaluate_detection
    from changen_cli.reports.detection_page import PAGE, as_text, write_report
    from changen_cli.reports.detection_table import HEADER, event_header, event_rows, score_rows

    with ProgressView("evaluate", quiet=quiet) as view:
        found = evaluate_detection(options, view)
    if report is not None:
        write_report(report, found)
    if json_file is not None and _give_json(json_file, as_text(found)):
        return
    console = Console()
    tables = [(HEADER, score_rows(found)), (event_header(found), event_rows(found))]
    for header, rows in tables:
        if rows:
            table = Table(header[0])
            for title in header[1:]:
                table.add_column(title, justify="right", no_wrap=True)
            for row in rows:
                table.add_row(*row)
            console.print(table)
    if report is not None:
        console.print(f"report: {report / PAGE}", highlight=False, markup=False, soft_wrap=True)


def _give_json(path: Path, text: str) -> bool:
    """Writes JSON to a file, or prints it where that is "-"; whether it was printed, so that nothing else may be."""
    from changen_cli.files import write_whole

    if str(path) == "-":
        typer.echo(text, nl=False)
        return True
    write_whole(path, text)
    return False


app.command("detection", help=DETECTION_HELP)(detection_command)
app.command("quality", help=HELP.format(metrics=list_metrics()))(quality_command)
