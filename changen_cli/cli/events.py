"""``changen events list``."""

from __future__ import annotations

from typing import Annotated

import typer

from changen_cli.cli.listing import print_installed
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
    print_installed(EVENT, as_json=as_json)
