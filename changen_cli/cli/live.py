"""The latest pair of a run in the terminal, below its progress."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import RenderableType
from rich.progress import Progress as Bar
from rich.progress import ProgressColumn

from changen_cli.cli.progress import ProgressView
from changen_cli.store.base import Series

SHOW_EVERY = 2.0
"""Seconds for which a pair stays."""

ROWS = 24
"""Lines of the terminal that a pair takes, at most; never more than half of them."""


class PictureBar(Bar):
    """A bar with something below it.

    Attributes:
        below: What is shown below the bar; nothing if None.
    """

    below: RenderableType | None = None

    def __init__(self, *columns: ProgressColumn, **how: Any) -> None:
        """Makes a bar; arguments as those of Rich's. It is drawn less often: sixels are sent anew each time."""
        super().__init__(*columns, **(how | {"refresh_per_second": 2}))

    def get_renderables(self) -> Iterable[RenderableType]:
        """Yields the bar, and what is below it."""
        yield from super().get_renderables()
        if self.below is not None:
            yield self.below


class LiveView(ProgressView):
    """A view of a run that shows the latest pair too, where standard error is a terminal and nobody wants quiet."""

    bar_kind = PictureBar

    def __init__(self, task: str, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """Makes a view; arguments as those of :class:`~changen_cli.cli.progress.ProgressView`."""
        super().__init__(task, quiet=quiet, clock=clock)
        self._last_shown = float("-inf")

    def watch(self, series: Series) -> None:
        """Shows the last step of a series, unless another one was shown just before."""
        now = self._clock()
        if not isinstance(self.bar, PictureBar) or now - self._last_shown < SHOW_EVERY:
            return
        self._last_shown = now
        from changen_cli.reports.terminal import draw_pair, in_terminal

        width, height = self.console.size
        self.bar.below = in_terminal(draw_pair(series), width, min(ROWS, max(2, height // 2)), os.environ)
