"""The list of installed plugins with their parameters, of events and of conditions."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from changen_cli.parameters.kind import Kind


def print_installed(kind: Kind, *, as_json: bool) -> None:
    """Prints the plugins of a kind on standard output.

    Args:
        kind: Which.
        as_json: Whether as JSON, else as a table.
    """
    installed = kind.installed()
    if as_json:
        typer.echo(json.dumps([asdict(plugin) for plugin in installed], indent=2, default=str))
        return
    table = Table(kind.name, "parameter", "default", "what it does")
    for plugin in installed:
        table.add_row(
            f"[bold]{escape(plugin.name)}[/]",
            "",
            "",
            escape(plugin.error or plugin.summary),
            end_section=not plugin.parameters,
        )
        for number, parameter in enumerate(plugin.parameters, 1):
            last = number == len(plugin.parameters)
            values = f"{parameter.type[:1].upper()}{parameter.type[1:]}."
            words = (parameter.name, parameter.default, f"{parameter.help} {values}")
            table.add_row("", *map(escape, words), end_section=last)
    Console().print(table)
