"""A table as text: Markdown for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from changen_cli.reproduce.plan import PERCENT, SCORES, Table, protocols
from changen_cli.reproduce.results import Cell, Line
from changen_cli.version import __version__

TINY = "TINY, no figures of the table: "
"""Stands before the title of what ``--tiny`` made."""

NONE = "-"


def header(table: Table) -> list[str]:
    """Returns the heads of the columns: for each score of a protocol the paper's, ours and the difference."""
    heads = [
        f"{protocols()[protocol].title}: {SCORES[score]}"
        for protocol, scores in table.columns.items()
        for score in scores
    ]
    return ["", *heads]


def rows(lines: Sequence[Line]) -> list[list[str]]:
    """Returns the rows: the title, and a figure of the paper, ours, and the difference for each column."""
    return [[line.entry.title, *(text(cell) for cells in line.cells.values() for cell in cells)] for line in lines]


def text(cell: Cell) -> str:
    """Writes a figure: the paper's, ours, and the difference."""
    digits = 1 if cell.score in PERCENT else 2
    paper, ours = (NONE if value is None else f"{value:.{digits}f}" for value in (cell.paper, cell.ours))
    difference = "" if cell.difference is None else f" ({cell.difference:+.{digits}f})"
    return f"{paper} / {ours}{difference}"


def missing(lines: Sequence[Line]) -> list[str]:
    """Lists why figures of ours are missing, each reason once."""
    return list(dict.fromkeys(reason for line in lines for reason in line.missing))


def as_markdown(table: Table, lines: Sequence[Line], *, tiny: bool, about: Sequence[str] = ()) -> str:
    """Writes a table.

    Args:
        table: The table.
        lines: Its rows.
        tiny: Whether ``--tiny`` made it, which its title says.
        about: Sentences on how it was made.
    """
    titles = header(table)
    parts = [f"# {TINY if tiny else ''}{table.title}"]
    if tiny:
        parts.append("Made by --tiny from data of any kind: proof that every command runs. The figures mean nothing.")
    parts.append("Each cell: the paper / ours (difference).")
    body = [titles, ["---"] * len(titles), *rows(lines)]
    parts.append("\n".join(f"| {' | '.join(cells)} |" for cells in body))
    if remarks := [f"- {line.entry.title}: {line.entry.remark}" for line in lines if line.entry.remark]:
        parts.append("\n".join(remarks))
    if reasons := missing(lines):
        parts += ["## What is missing", "\n".join(f"- {reason}" for reason in reasons)]
    return "\n\n".join([*parts, *about]) + "\n"


def as_json(table: Table, lines: Sequence[Line], *, tiny: bool) -> str:
    """Writes the same for programs."""
    values = {
        "table": table.name,
        "title": f"{TINY if tiny else ''}{table.title}",
        "tiny": tiny,
        "changen": __version__,
        "rows": [
            {
                "title": line.entry.title,
                "detector": line.entry.detector,
                "start": line.entry.start,
                "figures": {
                    protocol: {cell.score: {"paper": cell.paper, "ours": cell.ours} for cell in cells}
                    for protocol, cells in line.cells.items()
                },
                "missing": list(line.missing),
            }
            for line in lines
        ],
    }
    return json.dumps(values, indent=1, allow_nan=False) + "\n"
