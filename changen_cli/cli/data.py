"""``changen data check`` and ``changen data list``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from changen_cli.cli.progress import ProgressView
from changen_cli.errors import ExitCode

app = typer.Typer(no_args_is_help=True, help="See which data sets of the paper are there, and whether they are whole.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]


@app.callback()
def _group() -> None:
    """See which data sets of the paper are there, and whether they are whole."""


@app.command("check")
def check_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A data set, or a folder of data sets.")],
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")] = False,
) -> int:
    """Say which data sets lie in DIR, and whether they are whole: LEVIR-CD, WHU-CD, S2Looking, xView2.

    Told by folders and names. Checked are that every pair has its three files (a scene its image and labels), how many
    there are in each split, that every header can be read and every image has its size, and the MD5 of archives where
    one is published. What is missing is listed, with where it is to be had. Exit code 1: something is not whole.

    `changen data check /data/LEVIR-CD`

    `changen data check /data --json | jq '.[] | select(.whole | not)'`
    """
    from changen_cli.datasets.check import check_datasets

    with ProgressView("check", quiet=quiet or as_json) as view:
        reports = check_datasets(folder, view)
    code = ExitCode.DONE if all(report.whole for report in reports) else ExitCode.SOME_FAILED
    if as_json:
        typer.echo(json.dumps([{**asdict(report), "whole": report.whole} for report in reports], indent=2))
        return code
    console = Console()
    for report in reports:
        counts = ", ".join(
            f"{split or 'all'} {count}" + (f" of {report.wanted[split]}" if split in report.wanted else "")
            for split, count in report.found.items()
        )
        state = "whole" if report.whole else "not whole"
        lines = [f"{report.path}: {report.title}, {state}: {counts}"]
        lines += [f"  {file}: {'good' if ok else 'damaged'}" for file, ok in report.archives.items()]
        lines += [f"  {problem}" for problem in report.problems]
        lines += [f"  {line}" for line in (report.remedy, report.remark) if line]
        for line in lines:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    return code


@app.command("list")
def list_command(as_json: AsJson = False) -> None:
    """List the data sets of the paper: how many pairs, where they are to be had, and how they are unpacked.

    Nothing of it was looked up on the pages of the data sets; what no other source says either is marked.
    """
    from changen_cli.datasets.published import DATASETS

    if as_json:
        typer.echo(json.dumps([asdict(one) for one in DATASETS.values()], indent=2))
        return
    for one in DATASETS.values():
        counts = ", ".join(f"{split} {count}" for split, count in one.counts.items()) or "as they were cut"
        typer.echo(f"{one.title}: {counts}; about {one.gigabytes:g} GB; {one.licence}")
        typer.echo(f"  from {one.source}\n  as {one.unpack}")
        if one.unverified:
            typer.echo(f"  not verified: {one.unverified}")
