"""``changen reproduce``: makes a table of the paper as far as there is data for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from changen_cli.datasets.published import DATASETS, XVIEW2
from changen_cli.errors import TrainingError, UsageError
from changen_cli.files import write_whole
from changen_cli.reporter import Reporter, Silent
from changen_cli.reproduce.budget import Budget, estimate
from changen_cli.reproduce.build import Builder
from changen_cli.reproduce.curves import draw_curves, read_curve
from changen_cli.reproduce.having import Having
from changen_cli.reproduce.options import ReproduceOptions
from changen_cli.reproduce.page import TINY, as_json, as_markdown
from changen_cli.reproduce.plan import Table, protocols, read_table, starts
from changen_cli.reproduce.results import Line, read_line
from changen_cli.reproduce.steps import Run, Step, take_all


@dataclass(frozen=True)
class Reproduced:
    """What a reproduction gave.

    Attributes:
        table: The table.
        lines: Its rows, ours beside the paper's.
        files: What was written of it.
        failed: What went wrong, by step.
        tiny: Whether its figures mean nothing.
    """

    table: Table
    lines: tuple[Line, ...]
    files: tuple[Path, ...]
    failed: Mapping[str, str]
    tiny: bool


def reproduce(options: ReproduceOptions, reporter: Reporter | None = None, *, run: Run | None = None) -> Reproduced:
    """Makes a table: generates, pre-trains, fine-tunes and measures whatever there is data for.

    What is done is left alone, so the same call goes on where one was stopped, and tables share what they have in
    common. A command that fails costs the figures that depend on it.

    Args:
        options: Which table, from what, where.
        reporter: Told of each command.
        run: Runs ``changen``; None for a process each.

    Raises:
        UsageError: If there is no such table.
        StoreError: If the output cannot be written.
        SceneError: If a folder of data cannot be read.
    """
    reporter = reporter or Silent()
    root = Path(options.output).resolve()
    table, steps, builder = plan(options, reporter)
    wanted = [step for row in steps for step in row.values()]
    failed = take_all(wanted, root, run or run_changen, reporter)
    lines = tuple(read_line(table, entry, found, root, failed) for entry, found in zip(table.rows, steps, strict=True))
    stem = f"{table.name}{'-tiny' if options.tiny else ''}"
    files = [root / f"{stem}.md", root / f"{stem}.json"]
    about = []
    if table.curves and (picture := _draw(table, builder, root, root / f"{stem}.png", options.tiny)):
        files.append(picture)
        about = [
            f"![{table.title}]({picture.name})",
            "The curves are of a crop of 512 px of each tile of the test split.",
        ]
    write_whole(files[0], as_markdown(table, lines, tiny=options.tiny, about=about))
    write_whole(files[1], as_json(table, lines, tiny=options.tiny))
    return Reproduced(table, lines, tuple(files), failed, options.tiny)


def plan(options: ReproduceOptions, reporter: Reporter | None = None) -> tuple[Table, list[dict[str, Step]], Builder]:
    """Says which steps make a table, without doing any.

    Args:
        options: Which table, from what.
        reporter: Told how far the look at the data is.

    Returns:
        The table; for each row the last step of each protocol; and what makes them.

    Raises:
        UsageError: If there is no such table.
    """
    table = read_table(options.table)
    having = Having(Path(options.data_root).resolve(), options.tiny, reporter or Silent())
    builder = Builder(having, options.variants, options.seed, options.tiny, options.device, options.devices)
    steps = [
        {} if row.absent else {protocol: builder.row(row, protocol) for protocol in table.columns} for row in table.rows
    ]
    return table, steps, builder


def reckon(options: ReproduceOptions, reporter: Reporter | None = None) -> tuple[Table, Budget]:
    """Says what a table would take, and makes nothing.

    Args:
        options: Which table, from what, at full size: ``tiny`` is of no use here.
        reporter: Told how far the look at the data is.

    Raises:
        UsageError: If there is no such table, or it is to be tiny.
    """
    if options.tiny:
        raise UsageError("--dry-run is of the real sizes; leave --tiny out")
    table, steps, builder = plan(options, reporter)
    wanted = [step for row in steps for step in row.values()]
    used = {protocols()[protocol].data for protocol in table.columns}
    if any(starts()[row.start].series or starts()[row.start].task for row in table.rows if not row.absent):
        used.add(XVIEW2)
    downloads = {
        DATASETS[name].title: DATASETS[name].gigabytes for name in sorted(used) if builder.having.data(name)[2]
    }
    return table, estimate(wanted, Path(options.output).resolve(), downloads)


def _draw(table: Table, builder: Builder, root: Path, output: Path, tiny: bool) -> Path | None:
    """Draws the curves of all fine-tunings that are done; None where there are none."""
    curves = {}
    for row in table.rows:
        for protocol in table.columns:
            step = builder.fine_tuned(row, protocol)
            if step.done(root):
                try:
                    curves[row.title, protocols()[protocol].title] = read_curve(step.target(root))
                except TrainingError:
                    if not tiny:  # nothing may change in any pair of a twin
                        raise
    if not curves:
        return None
    draw_curves(curves, f"{TINY if tiny else ''}{table.title.partition(':')[0]}", output)
    return output


def run_changen(words: Sequence[str], log: Path) -> int:
    """Runs ``changen`` in a process of its own, as a user would.

    Args:
        words: What stands after ``changen``.
        log: Gets what it says, behind what is there.

    Returns:
        Its exit code.

    Raises:
        KeyboardInterrupt: If this process is interrupted; the command was, too, and has ended.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ changen {' '.join(words)}\n")
        file.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", "changen_cli", *words], stdout=file, stderr=file, env=os.environ
        )
        try:
            return process.wait()
        except BaseException:
            process.terminate()  # a training keeps its last iteration before it ends
            process.wait()
            raise
