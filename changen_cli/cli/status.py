"""``changen status``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from changen_cli.errors import ExitCode

if TYPE_CHECKING:
    from changen_cli.store.overview import Overview, Part

HELP = """See how far an output is: shards and samples done, failed and missing, by worker where it is divided.

It reads the records of the shards, so it can be asked at any time, by anybody who sees the folder, while workers run.
Exit code 0, whatever is missing; `--json` has `finished`, and the numbers of the missing shards.

**Examples**

`changen status changen-out`

`changen status changen-out --json | jq .whole.missing`
"""


def command(
    store: Annotated[str, typer.Argument(help="Output of changen generate, any format: a folder, or a URL.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> int:
    """Calls :func:`changen_cli.store.overview.take_overview`, and prints what it finds."""
    from changen_cli.store.overview import take_overview

    overview = take_overview(store)
    typer.echo(json.dumps(_as_json(overview), indent=2) if as_json else "\n".join(_lines(overview)))
    return ExitCode.DONE


def _lines(overview: Overview) -> list[str]:
    whole = overview.whole
    if overview.finished and not whole.missing:
        state = "finished"
    elif overview.finished:
        state = f"finished, but shards are lost since: changen verify {overview.root} --repair"
    elif whole.missing:
        state = "not finished"
    else:
        state = f"all shards are there; next: changen finalize {overview.root}"
    rows = [("", "shards", "missing", "series", "done", "skipped", "failed", "missing"), _row("all", whole)]
    rows += [_row(f"worker {part.shard}", part) for part in overview.workers]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    return [f"{overview.root} ({overview.format}): {state}", *table]


def _row(name: str, part: Part) -> tuple[str, ...]:
    counts = [part.statuses[status] for status in ("done", "skipped", "failed")]
    numbers = (part.shards, len(part.missing), part.samples, *counts, part.samples_missing)
    return (name, *(f"{number:,}" for number in numbers))


def _as_json(overview: Overview) -> dict[str, object]:
    values: dict[str, object] = asdict(overview)
    values["whole"] = _part_json(overview.whole)
    values["workers"] = [_part_json(part) for part in overview.workers]
    return values


def _part_json(part: Part) -> dict[str, object]:
    return {**asdict(part), "missing": list(part.missing), "samples_missing": part.samples_missing}
