"""A reporter that remembers what it was told."""

from __future__ import annotations

from collections.abc import Callable

from changen_cli.reporter import Progress, Silent


class Heard(Silent):
    """Keeps every progress and every line, and may act on a progress."""

    def __init__(self, act: Callable[[Progress], None] | None = None, said: list[str] | None = None) -> None:
        self.progresses: list[Progress] = []
        self.said: list[str] = [] if said is None else said
        self.warned: list[str] = []
        self._act = act

    def progress(self, progress: Progress) -> None:
        self.progresses.append(progress)
        if self._act is not None:
            self._act(progress)

    def say(self, line: str) -> None:
        self.said.append(line)

    def warn(self, line: str) -> None:
        self.warned.append(line)
