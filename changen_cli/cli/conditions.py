"""``changen conditions list``."""

from __future__ import annotations

from typing import Annotated

import typer

from changen_cli.cli.listing import print_installed
from changen_cli.conditions.choose import CONDITION

app = typer.Typer(no_args_is_help=True, help="See the installed conditions.")


@app.callback()
def _group() -> None:
    """See the installed conditions: what differs between two dates besides the change."""


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """List every condition with its parameters; set one with `--condition-option CONDITION.PARAMETER=VALUE`."""
    print_installed(CONDITION, as_json=as_json)
