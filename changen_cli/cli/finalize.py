"""``changen finalize``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from changen_cli.cli.progress import ProgressView
from changen_cli.cli.summary import report_summary, summary_json

HELP = """End an output that several workers have filled (changen generate --shard).

It looks whether every shard is there, and writes tables, checksums and manifest, to the bytes of one undivided run.
Input and weights are not needed. Exit code 0: the output is finished; 1: shards are missing, and named with the workers
that they belong to, or some tiles failed; 2: a worker is still writing, or the output cannot be used.

**Examples**

`changen finalize changen-out`

A divided run on one machine, from beginning to end:

`changen generate -i tiles/ --shard 0/2 & changen generate -i tiles/ --shard 1/2 ; wait ; changen finalize changen-out`
"""


def command(
    store: Annotated[str, typer.Argument(help="Output of changen generate, any format: a folder, or a URL.")],
    as_json: Annotated[bool, typer.Option("--json", help="Summary as JSON on standard output.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> int:
    """Calls :func:`changen_cli.pipeline.finalize.finalize`, and reports."""
    from changen_cli.pipeline.finalize import finalize

    view = ProgressView("finalize", quiet=quiet)
    with view:
        summary = finalize(store, view)
    if as_json:
        typer.echo(json.dumps(summary_json(summary, summary.exit_code), indent=2))
    report_summary(view, summary)
    return summary.exit_code
