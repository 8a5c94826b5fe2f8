"""Signals that end a training: it ends between two iterations, where its state can be kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

from changen_cli.pipeline.engines.signals import ENDING

T = TypeVar("T")


class StoppedError(KeyboardInterrupt):
    """A training was asked to end, and did between two iterations: what was learnt until then can be kept."""


class Interruptions:
    """Holds back Ctrl-C, SIGTERM and SIGHUP until an iteration is done; a context manager for the loop.

    A second signal ends the run at once. Only signals that would raise ``KeyboardInterrupt`` are held back, so one that
    ``nohup`` has ignored stays ignored, and a caller's own handler is left alone. Of several processes that share
    gradients none may stop an iteration before another, so where ``alone`` is false nothing is held back.
    """

    def __init__(self, *, alone: bool) -> None:
        """Installs nothing yet.

        Args:
            alone: Whether this is the only process of the run.
        """
        self._alone, self._busy, self._asked = alone, False, False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if self._alone and threading.current_thread() is threading.main_thread():
            ours = [number for number in ENDING if signal.getsignal(number) is signal.default_int_handler]
            self._before = {number: signal.signal(number, self._came) for number in ours}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _came(self, number: int, frame: FrameType | None) -> None:
        if not self._busy:
            self._asked = True
            raise StoppedError
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def between(self, batches: Iterable[T], keep: Callable[[int], None]) -> Iterator[T]:
        """Hands mini-batches on, and holds signals back while whoever takes one works on it.

        Args:
            batches: The mini-batches.
            keep: Called with the number of those that are done, before a run that was asked to end does.

        Yields:
            Each of them.

        Raises:
            StoppedError: In place of the next one, if a signal came.
        """
        done = 0
        try:
            for batch in batches:
                self._busy = True
                yield batch
                self._busy, done = False, done + 1
                if self._asked:
                    raise StoppedError
        except StoppedError:
            self._busy = True  # until it is kept; a second signal still ends it at once
            keep(done)
            raise
