"""Progress: a live bar on a terminal, plain lines in a pipe, nothing when quiet; always on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from changen_cli.reporter import Progress

LINE_EVERY = 10.0
"""Seconds between two lines where there is no terminal."""


class _CountColumn(MofNCompleteColumn):
    """How many of how many; nothing while that is not known."""

    def render(self, task: Task) -> Text:
        """Draws the column."""
        return Text() if task.total is None else super().render(task)


class ProgressView:
    """A :class:`~changen_cli.reporter.Reporter` for people, to be used as a context manager.

    A bar where standard error is a terminal, else a line every :data:`LINE_EVERY` seconds.

    Attributes:
        bar_kind: The class of the bar.
    """

    bar_kind: type[Bar] = Bar

    def __init__(self, task: str, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """Makes a view.

        Args:
            task: Word for the job, such as "generate".
            quiet: Show nothing but warnings.
            clock: Gives seconds from any start, to space lines by.
        """
        self.task, self.quiet = task, quiet
        self.console = Console(stderr=True)
        self.bar: Bar | None = None
        self._clock = clock
        self._last_line = float("-inf")
        self._last_done = -1
        if not quiet and self.console.is_terminal:
            columns = (
                TextColumn("[bold]{task.description}"),
                BarColumn(),
                _CountColumn(),
                TextColumn("{task.fields[note]}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
            )
            # standard output is for results: rich would send what is printed there to this console. A step of a large
            # generator may take minutes, so the time left is judged by the last ten.
            self.bar = self.bar_kind(*columns, console=self.console, redirect_stdout=False, speed_estimate_period=600)
            self._row = self.bar.add_task(task, total=None, note="")

    def progress(self, progress: Progress) -> None:
        """Shows how far the job is."""
        if self.quiet:
            return
        if self.bar is not None:
            self.bar.update(self._row, completed=progress.done, total=progress.total, note=progress.note)
            return
        now = self._clock()
        finished = progress.done >= progress.total and self._last_done != progress.done
        if finished or now - self._last_line >= LINE_EVERY:
            self._last_line, self._last_done = now, progress.done
            words = f"{self.task}: {progress.done}/{progress.total} {progress.unit}, {progress.note}"
            if progress.seconds_left is not None and progress.done < progress.total:
                words += f", {timedelta(seconds=round(progress.seconds_left))} left"
            self.say(words)

    def say(self, line: str) -> None:
        """Prints one line, above the bar if there is one."""
        if not self.quiet:
            self.warn(line)

    def warn(self, line: str) -> None:
        """Prints one line even where the view is quiet."""
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def __enter__(self) -> Self:
        if self.bar is not None:
            self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()
