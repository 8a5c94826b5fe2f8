"""``changen events list``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from changen_cli.events.schedule import EVENT

app = typer.Typer(no_args_is_help=True, help="See the installed change events.")


@app.callback()
def _group() -> None:
    """See the installed change events."""


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """List every installed event with its parameters; set one with `--event-option EVENT.PARAMETER=VALUE`."""
    events = EVENT.installed()
    if as_json:
        typer.echo(json.dumps([asdict(event) for event in events], indent=2, default=str))
        return
    table = Table("event", "parameter", "default", "what it does")
    for event in events:
        table.add_row(f"[bold]{event.name}[/]", "", "", event.error or event.summary, end_section=not event.parameters)
        for number, parameter in enumerate(event.parameters, 1):
            last = number == len(event.parameters)
            values = f"{parameter.type[:1].upper()}{parameter.type[1:]}."
            table.add_row("", parameter.name, parameter.default, f"{parameter.help} {values}", end_section=last)
    Console().print(table)
