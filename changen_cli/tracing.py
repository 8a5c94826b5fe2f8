"""Spans of time: which stage of a job ran when, in which process and thread. Nothing is kept unless somebody traces.

Times are of the monotonic clock, which all processes of a machine share, so spans of several can be laid side by side.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import NamedTuple

MOST_SPANS = 1_000_000
"""Spans that a trace keeps; later ones are counted only. About 300 MB."""


class Span(NamedTuple):
    """A stage that ran.

    Attributes:
        name: Of the stage.
        begin: Nanoseconds of the monotonic clock.
        end: The same.
        process: Its number.
        thread: Its number, or 0 for what no thread does: waiting in a queue.
        about: What it was done to, fit for JSON.
    """

    name: str
    begin: int
    end: int
    process: int
    thread: int
    about: dict[str, str | int]


class Trace:
    """The spans of a job so far; threads may add to it at the same time.

    Attributes:
        spans: In the order in which they ended.
        dropped: How many there were no room for.
    """

    def __init__(self, most: int = MOST_SPANS) -> None:
        """Makes an empty trace.

        Args:
            most: Spans that it keeps.
        """
        self.spans: list[Span] = []
        self.dropped = 0
        self._most = most

    def add(self, spans: Iterable[Span]) -> None:
        """Adds spans, of this process or another."""
        for one in spans:
            if len(self.spans) < self._most:
                self.spans.append(one)
            else:
                self.dropped += 1

    def take(self) -> list[Span]:
        """Returns the spans, and forgets them."""
        spans, self.spans = self.spans, []
        return spans


_trace: Trace | None = None
_NOTHING: AbstractContextManager[None] = nullcontext()


def current() -> Trace | None:
    """Returns the trace that spans of this process go to; None where nobody traces."""
    return _trace


@contextmanager
def tracing(trace: Trace) -> Iterator[Trace]:
    """Has the spans of the block, in all threads of this process, go to a trace."""
    before = _trace
    start(trace)
    try:
        yield trace
    finally:
        start(before)


def start(trace: Trace | None) -> None:
    """Has the spans of this process go to a trace from now on, or to none."""
    global _trace
    _trace = trace


def span(name: str, **about: str | int) -> AbstractContextManager[None]:
    """Notes when a block runs, where somebody traces; costs half a microsecond where nobody does.

    Args:
        name: Of the stage.
        **about: What it is done to.
    """
    return _NOTHING if _trace is None else _Timed(_trace, name, about)


class _Timed:
    """Times a block, whether it ends well or not."""

    def __init__(self, trace: Trace, name: str, about: dict[str, str | int]) -> None:
        self._trace, self._name, self._about = trace, name, about

    def __enter__(self) -> None:
        self._begin = time.monotonic_ns()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ended = time.monotonic_ns()
        where = os.getpid(), threading.get_native_id()
        self._trace.add([Span(self._name, self._begin, ended, *where, self._about)])
