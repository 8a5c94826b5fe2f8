"""``changen reproduce``."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table as RichTable

from changen_cli.cli.options import takes
from changen_cli.cli.progress import ProgressView
from changen_cli.errors import ExitCode
from changen_cli.reproduce.options import ReproduceOptions

if TYPE_CHECKING:
    from changen_cli.reproduce.run import Reproduced

HELP = """Make a table of the paper again: generate, pre-train, fine-tune and measure, as far as there is data for it.

`--data-root` holds the data sets as they are unpacked (`changen data list`; `changen data check` says whether they are
whole) and, in `weights/`, the files that backbones start from. What is not there is said, with where it is to be had;
rows that need nothing of it are made all the same. Every command stands in the output and can be typed by hand.

The same command again goes on where it was stopped. Tables that share an output share what they have in common: the
detector that table 5 pre-trains is not trained again for table 8. The table, each figure of the paper beside ours with
the difference, is printed and written to TABLE.md and TABLE.json; `figure6` draws the curves, too.

`--dry-run` says what it would take: GPU hours, disk and downloads, and how it comes to them.

**Examples**

`changen reproduce table5 --data-root /data --dry-run`

`changen reproduce table5 --data-root /data --output reproduced --devices 8`

`changen reproduce table4 --data-root /data --variants 10`, from Changen-900k

`changen reproduce table6 --data-root twins --tiny`, of fake twins: `python tests/data/make_tables.py twins`
"""


@takes(ReproduceOptions)
def command(
    options: ReproduceOptions,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would take, and make nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the table.")] = False,
) -> int:
    """Calls :func:`changen_cli.reproduce.run.reproduce`, and prints the table."""
    from changen_cli.reproduce.page import missing
    from changen_cli.reproduce.run import reproduce

    if dry_run:
        return _say_budget(options, as_json=as_json, quiet=quiet)
    with ProgressView("reproduce", quiet=quiet) as view:
        found = reproduce(options, view, run=run_here if options.tiny else None)
    reasons = missing(found.lines)
    code = ExitCode.SOME_FAILED if found.failed else ExitCode.DONE
    if as_json:
        typer.echo(found.files[1].read_text(encoding="utf-8"), nl=False)
        return code
    console = Console()
    _print_tables(console, found)
    for line in [f"missing: {reason}" for reason in reasons] + [str(path) for path in found.files]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    return code


def _print_tables(console: Console, found: Reproduced) -> None:
    """Prints the figures of each protocol, which side by side would be wider than most terminals."""
    from changen_cli.reproduce.page import TINY, text
    from changen_cli.reproduce.plan import SCORES, protocols

    console.print(f"{TINY if found.tiny else ''}{found.table.title}; the paper / ours (difference)", highlight=False)
    for protocol, scores in found.table.columns.items():
        table = RichTable(title=protocols()[protocol].title, title_justify="left")
        table.add_column("", no_wrap=True)
        for score in scores:
            table.add_column(SCORES[score], justify="right")
        for line in found.lines:
            table.add_row(line.entry.title, *(text(cell) for cell in line.cells[protocol]))
        console.print(table)


def run_here(words: Sequence[str], log: Path) -> int:
    """Runs a command in this process: of ``--tiny``, whose commands take less time than a process does to start.

    As :func:`~changen_cli.reproduce.run.run_changen`.
    """
    from changen_cli.cli.main import main
    from changen_cli.files import write_whole

    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            main(list(words))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else ExitCode.SOME_FAILED
    write_whole(log, f"$ changen {' '.join(words)}\n{said.getvalue()}")
    return code


def _say_budget(options: ReproduceOptions, *, as_json: bool, quiet: bool) -> int:
    """Prints a budget."""
    from changen_cli.reproduce.budget import as_lines
    from changen_cli.reproduce.run import reckon

    with ProgressView("reproduce", quiet=quiet or as_json) as view:
        table, budget = reckon(options, view)
    if as_json:
        totals = {"hours": budget.hours, "margin": budget.margin, "gigabytes": budget.gigabytes}
        typer.echo(json.dumps({"table": table.name, **totals, **asdict(budget)}, indent=2))
    else:
        typer.echo("\n".join(as_lines(budget, table.title)))
    return ExitCode.DONE
