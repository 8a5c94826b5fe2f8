"""``changen generate``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from changen_cli.cli.live import LiveView
from changen_cli.cli.options import takes
from changen_cli.cli.progress import ProgressView
from changen_cli.cli.summary import report_summary, summary_json
from changen_cli.errors import ExitCode
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.summary import NothingMadeError
from changen_cli.pipeline.worker_options import RUN

if TYPE_CHECKING:
    from changen_cli.pipeline.estimate import Estimate

HELP = """Simulate how places change, and write labelled image series.

Every tile of the input becomes a series: its own image, then one synthesised image for each step, with a class mask and
an instance mask for each, and a change mask for each pair. The same command again goes on where a run was stopped.

**Examples**

Three steps of building and demolition, on every raster of a folder with footprints beside:

`changen generate --input tiles/ --events create,remove --steps 3`

One large GeoTIFF with footprints in a GeoPackage, read at 0.5 m, as GeoTIFF folders:

`changen generate --input city.tif --footprints city.gpkg --resolution 0.5 --format geotiff`

The history of a whole GeoTIFF, as GeoTIFFs of its full size, with 200 to 300 changes a step:

`changen generate --input city.tif --mosaic --changes-per-step 200:300`

Imagery without footprints, which the shipped segmenter then reads from it:

`changen generate --input bare/ --footprints auto --resolution 0.4`

A training set in the layout of LEVIR-CD+, removal twice as often, no more than two changes a step:

`changen generate -i tiles/ --events remove=2,create --changes-per-step 1:2 --format levir`

The first of eight workers that fill one output together (`changen finalize` ends it, `changen status` looks on):

`changen generate -i tiles/ --shard 0/8`

The run of an output again, from what it records, with another seed:

`changen generate --config changen-out --seed 1 --output other`

What would be done, and how long it would take: `changen generate -i tiles/ --dry-run`
"""


def _recorded(path: Path) -> Mapping[str, object] | None:
    """Reads what a manifest says; imported when there is one to read."""
    from changen_cli.pipeline.recorded import manifest_values

    return manifest_values(path)


@takes(GenerateOptions, recorded=_recorded)
def command(
    options: GenerateOptions,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.", rich_help_panel=RUN)
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Summary as JSON on standard output.", rich_help_panel=RUN)
    ] = False,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Show the latest pair below the progress: kitty or sixel graphics where the terminal has them, else "
            "blocks of colour. Nothing in a pipe.",
            rich_help_panel=RUN,
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=RUN)] = False,
) -> int:
    """Calls :func:`changen_cli.pipeline.generate.generate`, and reports."""
    from changen_cli.pipeline.estimate import estimate
    from changen_cli.pipeline.fleet.run import generate
    from changen_cli.pipeline.run import resolve_run

    view = LiveView("generate", quiet=quiet) if live else ProgressView("generate", quiet=quiet)
    if dry_run:
        expected = estimate(resolve_run(options, view))
        typer.echo(json.dumps(expected, indent=2) if as_json else _estimate_lines(expected))
        return ExitCode.DONE
    try:
        with view:
            summary = generate(options, view, watch=view.watch if isinstance(view, LiveView) else None)
    except NothingMadeError as error:
        if as_json:
            typer.echo(json.dumps(summary_json(error.summary, error.exit_code), indent=2))
        raise
    if as_json:
        typer.echo(json.dumps(summary_json(summary, summary.exit_code), indent=2))
    report_summary(view, summary)
    return summary.exit_code


def _estimate_lines(expected: Estimate) -> str:
    return "\n".join(
        (
            f"scenes:  {expected['scenes']}",
            f"tiles:   {expected['tiles']}, {expected['variants']} series each",
            f"series:  {expected['samples']} of {expected['steps']} steps, in {expected['shards']} shards",
            f"bytes:   {expected['bytes'] / 1e9:.2f} GB before compression",
            f"device:  {expected['device']}, {expected['precision']}",
            f"time:    about {expected['seconds'] / 60:.1f} minutes ({expected['seconds_per_step']:.3f} s a tile-step, "
            "measured now on one tile)",
        )
    )
