"""``changen synthesizers list``."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from changen_cli.synthesis.listing import list_synthesizers

app = typer.Typer(no_args_is_help=True, help="See the installed synthesizers: what makes the images.")


@app.callback()
def _group() -> None:
    """See the installed synthesizers: what makes the images."""


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """List every installed synthesizer; choose one with `--synthesizer`."""
    found = list_synthesizers()
    if as_json:
        typer.echo(json.dumps([one.as_json() for one in found], indent=2))
        return
    table = Table("synthesizer", "shows", "weights", "what it does")
    for one in found:
        table.add_row(f"[bold]{escape(one.name)}[/]", ", ".join(one.shows), *map(escape, (one.weights, one.summary)))
    Console().print(table)
