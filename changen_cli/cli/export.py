"""``changen export``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from changen_cli.cli.options import takes
from changen_cli.cli.progress import ProgressView
from changen_cli.export.options import OUTPUT, ExportOptions

HELP = """Write an output in the layout of another data set or tool.

Files that stay as they are (the PNGs of `--format levir`) become hard links, which take no space. What is written has
its name when all of it is there; a run that is killed leaves only a hidden `.NAME.work`, which the next one empties.

**Examples**

`changen export changen-out --layout levir-cd -o LEVIR-CD`

`changen export changen-out --layout xview2 --pairs all -o xview2`

`changen export changen-out --layout second --class-name 2=water -o SECOND`
"""


@takes(ExportOptions)
def command(
    options: ExportOptions,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was written as JSON.", rich_help_panel=OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, only what was written.", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Calls :func:`changen_cli.export.export.export_series`, and says what was written."""
    from changen_cli.export.export import export_series

    with ProgressView("export", quiet=quiet) as view:
        done = export_series(options, view)
    if as_json:
        typer.echo(json.dumps({"path": str(done.path), "layout": done.layout, **asdict(done.written)}))
        return
    parts = ", ".join(f"{name} {count}" for name, count in done.written.counts.items())
    typer.echo(f"{done.path}: {done.written.total} {done.written.unit} ({parts})")
