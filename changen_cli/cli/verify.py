"""``changen verify``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from changen_cli.cli.progress import ProgressView

if TYPE_CHECKING:
    from changen_cli.store.verify import Verification

HELP = """Check every file of an output against the checksums that were recorded when it was written.

A flipped byte, a missing file and an extra one are found, labels are held against each other (a change mask is where
S_t and S_t+1 differ, and every change of the masks belongs to an event), counts against the plan. Exit code 0: all is
as it was written; 1: something is wrong, and listed.

**Examples**

`changen verify changen-out`

Make what is damaged anew, to the same bytes, from the recorded options; run it where `changen generate` was run, since
it needs the input and the weights: `changen verify changen-out --repair`
"""

SHOWN = 20
"""Problems that are listed; ``--json`` has them all."""


def command(
    store: Annotated[str, typer.Argument(help="Output of changen generate, any format: a folder, or a URL.")],
    repair: Annotated[
        bool, typer.Option("--repair", help="Make what is missing or damaged anew, then check again.")
    ] = False,
    weights: Annotated[
        str | None, typer.Option(help="For --repair: where the weights are, if they were not changen's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Result as JSON on standard output.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> int:
    """Calls :func:`changen_cli.store.verify.verify`, and :func:`changen_cli.pipeline.repair.repair` where asked."""
    from changen_cli.store.verify import verify

    with ProgressView("verify", quiet=quiet or as_json) as view:
        found = verify(store, view)
        if repair and found.damaged:
            from changen_cli.pipeline.repair import repair as make_anew

            for line in _lines(found):
                view.say(line)
            found = make_anew(store, view, **({} if weights is None else {"weights": weights}))
    typer.echo(json.dumps(_as_json(found), indent=2) if as_json else "\n".join(_lines(found)))
    return found.exit_code


def _lines(found: Verification) -> list[str]:
    checked = f"{found.files} files in {found.shards} shards, labels of {found.labels} series"
    if found.whole:
        return [f"{found.root}: whole; {checked}"]
    count = len(found.problems)
    lines = [f"{found.root}: {'1 problem' if count == 1 else f'{count} problems'}; {checked}"]
    lines += [str(problem) for problem in found.problems[:SHOWN]]
    return lines if count <= SHOWN else [*lines, f"and {count - SHOWN} more; --json lists them all"]


def _as_json(found: Verification) -> dict[str, object]:
    return {**asdict(found), "whole": found.whole, "exit_code": found.exit_code}
