"""``changen evaluate quality``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from changen_cli.cli.progress import ProgressView
from changen_cli.reporter import Progress

app = typer.Typer(no_args_is_help=True, help="Measure what a run made.")

HELP = """Measure the quality of a series: is it realistic, does it show its labels, is it still the same place?

SERIES is the output of `changen generate`, in any format; `--reference` is a folder of real scenes, best ones that
nothing was trained on, or another output, whose first frames are real. Scenes are read at the resolution of SERIES.

- **FID, KID, Inception score**: only with `--inception-weights`; nothing is downloaded.
- **Frechet and kernel distance on EfficientNet-Lite0** features: like FID and KID, but not comparable with them.
- **leakage**: what of a removed building is still there, 0 nothing, 1 as much as of the ground.
- **label agreement**: what a segmenter (`--segmenter`) reads from the synthesised images, over created, removed and
  kept pixels apart, with what it reads from real ones as the ceiling.
- **background drift**: how much unchanged ground changes.
- **events**: counts, shares, sizes and shortfalls against the request.

A figure that cannot be had is listed as absent, with the reason. Read several together: a synthesiser that copies
everything has the best FID.

**Examples**

`changen evaluate quality out/ --reference scenes/ --report quality.html`

`changen evaluate quality out/ -r scenes/ --inception-weights weights-inception-2015-12-05-6726825d.pth --json`
"""

REFERENCE, NETWORKS, OUTPUT = "Reference", "Networks", "Output"


@app.callback()
def _group() -> None:
    """Measure what a run made."""


@app.command("quality", help=HELP)
def quality_command(
    series: Annotated[str, typer.Argument(help="Output of changen generate.", show_default=False)],
    reference: Annotated[
        list[str],
        typer.Option(
            "--reference",
            "-r",
            help="Folder, raster or list of real scenes, or another output. Repeatable.",
            rich_help_panel=REFERENCE,
        ),
    ],
    resolution: Annotated[
        float | None,
        typer.Option(help="Ground metres per pixel to read scenes at; else that of SERIES.", rich_help_panel=REFERENCE),
    ] = None,
    bands: Annotated[
        str | None,
        typer.Option(help="Bands of red, green and blue of scenes, from 1: 3,2,1.", rich_help_panel=REFERENCE),
    ] = None,
    rescale: Annotated[
        str | None,
        typer.Option(
            help="LOW:HIGH or auto, for scenes that are not 8 bit; else as SERIES.", rich_help_panel=REFERENCE
        ),
    ] = None,
    reference_split: Annotated[
        str | None,
        typer.Option(help="Only this split of the reference: train, val or test.", rich_help_panel=REFERENCE),
    ] = None,
    split: Annotated[str | None, typer.Option(help="Only this split of SERIES: train, val or test.")] = None,
    limit: Annotated[
        int | None, typer.Option(help="At most so many samples, and so many real images, spread evenly.")
    ] = None,
    inception_weights: Annotated[
        Path | None,
        typer.Option(help="weights-inception-2015-12-05-6726825d.pth of torch-fidelity.", rich_help_panel=NETWORKS),
    ] = None,
    inception_sha256: Annotated[
        str | None, typer.Option(help="What the SHA-256 of that file must be.", rich_help_panel=NETWORKS)
    ] = None,
    segmenter: Annotated[
        str | None,
        typer.Option(help="Name or path of weights of changen train --model segmenter.", rich_help_panel=NETWORKS),
    ] = None,
    lite0: Annotated[
        bool, typer.Option("--lite0/--no-lite0", help="Distances on Lite0 features.", rich_help_panel=NETWORKS)
    ] = True,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 ...", rich_help_panel=NETWORKS)] = "auto",
    batch_size: Annotated[int, typer.Option(help="Images a network sees at once.", rich_help_panel=NETWORKS)] = 16,
    seed: Annotated[int, typer.Option(help="Of the random subsets of kernel distances.", rich_help_panel=NETWORKS)] = 0,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page, FILE.html, with pictures and charts inside.", rich_help_panel=OUTPUT),
    ] = None,
    sheet_rows: Annotated[int, typer.Option(help="Pairs shown in that page.", rich_help_panel=OUTPUT)] = 8,
    as_json: Annotated[
        bool, typer.Option("--json", help="Figures as JSON on standard output.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, only the figures.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Parses, calls :func:`changen_cli.metrics.quality.evaluate_quality`, reports."""
    from changen_cli.device import resolve_device
    from changen_cli.metrics.options import QualityOptions
    from changen_cli.metrics.quality import evaluate_quality
    from changen_cli.options import check
    from changen_cli.reports.quality_page import write_page
    from changen_cli.reports.quality_table import summarize
    from changen_cli.scenes.options import Bands

    options = QualityOptions(
        series=series,
        reference=tuple(reference),
        split=split,
        reference_split=reference_split,
        resolution=resolution,
        bands=None if bands is None else check("--bands", bands, Bands),
        rescale=rescale,
        limit=limit,
        inception_weights=None if inception_weights is None else str(inception_weights),
        inception_sha256=inception_sha256,
        segmenter=segmenter,
        lite0=lite0,
        device=resolve_device(device),
        batch_size=batch_size,
        seed=seed,
        sheet_rows=0 if report is None else sheet_rows,
    )
    with ProgressView("evaluate", quiet=quiet) as view:
        found = evaluate_quality(
            options, lambda what, done, total: view.progress(Progress("evaluate", done, total, note=what))
        )
    if report is not None:
        write_page(report, found)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, allow_nan=False))
        return
    table = Table("figure", "value", "better")
    table.add_column("of what", overflow="fold")  # an address that is cut cannot be followed
    for line in summarize(found.figures):
        style = "dim" if line.value == "absent" else None
        table.add_row(line.figure, line.value, line.better, line.detail, style=style)
    console = Console()
    console.print(table)
    for note in found.about["notes"]:
        console.print(f"note: {note}", highlight=False, markup=False)
    if report is not None:
        console.print(f"report: {report}", highlight=False, markup=False)
