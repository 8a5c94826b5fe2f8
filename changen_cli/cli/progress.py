"""Progress: a live bar on a terminal, plain lines in a pipe, nothing when quiet; always on standard error."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from changen_cli.training.train import Progress as TrainingProgress

LINE_EVERY = 10.0
"""Seconds between two lines where there is no terminal."""


class ProgressView:
    """One task with a throughput: a bar where standard error is a terminal, else a line every :data:`LINE_EVERY` s."""

    def __init__(self, what: str, unit: str, *, quiet: bool) -> None:
        """Makes a view.

        Args:
            what: Word for the task, such as "generate".
            unit: What is counted, such as "tile-steps".
            quiet: Show nothing.
        """
        self.what, self.unit, self.quiet = what, unit, quiet
        self.console = Console(stderr=True)
        self.bar: Progress | None = None
        self.last_line = float("-inf")
        self.last_done = -1
        if not quiet and self.console.is_terminal:
            columns = (
                TextColumn("[bold]{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[note]}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
            )
            # standard output is for results: rich would send what is printed there to this console. A step of a large
            # generator may take minutes, so the time left is judged by the last ten.
            self.bar = Progress(*columns, console=self.console, redirect_stdout=False, speed_estimate_period=600)
            self.task = self.bar.add_task(what, total=None, note="")

    def show(self, done: int, total: int, note: str, left: float | None = None) -> None:
        """Shows how far the task is.

        Args:
            done: Units done.
            total: Units in all.
            note: Throughput and what else fits one line.
            left: Seconds left, None if not known; the bar reckons them itself.
        """
        if self.quiet:
            return
        if self.bar is not None:
            self.bar.update(self.task, completed=done, total=total, note=note)
            return
        now = time.monotonic()
        finished = done >= total and self.last_done != done
        if finished or now - self.last_line >= LINE_EVERY:
            self.last_line, self.last_done = now, done
            words = f"{self.what}: {done}/{total} {self.unit}, {note}"
            if left is not None and done < total:
                words += f", {timedelta(seconds=round(left))} left"
            self.say(words)

    def say(self, line: str) -> None:
        """Prints one line, above the bar if there is one."""
        if not self.quiet:
            self.warn(line)

    def warn(self, line: str) -> None:
        """Prints one line even where the view is quiet."""
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def __enter__(self) -> ProgressView:
        if self.bar is not None:
            self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()


class TrainingView(ProgressView):
    """The view of ``changen train``."""

    def __init__(self, *, quiet: bool) -> None:
        """Makes the view."""
        super().__init__("train", "iterations", quiet=quiet)

    def __enter__(self) -> TrainingView:
        super().__enter__()
        return self

    def update(self, progress: TrainingProgress) -> None:
        """Shows one report of the trainer."""
        losses = progress.losses
        left = (progress.iterations - progress.iteration) * progress.seconds_per_iteration
        self.show(
            progress.iteration,
            progress.iterations,
            f"{progress.images_per_second:.1f} images/s, {_headline(losses)}",
            left,
        )


def _headline(losses: Mapping[str, float]) -> str:
    """The loss that comes first, the generator's own, and that of its discriminator where there is one."""
    name, value = next(iter(losses.items()))
    words = f"{'G' if name.startswith('g_') else name} {value:.3f}"
    return f"{words}, D {losses['d_real'] + losses['d_fake']:.3f}" if "d_real" in losses else words
