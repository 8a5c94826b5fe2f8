"""Spans are kept while somebody traces, and cost next to nothing while nobody does."""

from __future__ import annotations

import os
import threading
import time

import pytest

from changen_cli.tracing import Trace, current, span, tracing


def test_spans_say_what_when_and_where() -> None:
    before = time.monotonic_ns()
    with tracing(Trace()) as trace, span("read", tile="a"), span("draw"):
        time.sleep(0.01)
    inner, outer = trace.spans
    assert (inner.name, outer.name, outer.about) == ("draw", "read", {"tile": "a"})
    assert before <= outer.begin <= inner.begin <= inner.end <= outer.end <= time.monotonic_ns()
    assert inner.end - inner.begin >= 10_000_000
    assert (inner.process, inner.thread) == (os.getpid(), threading.get_native_id())
    assert current() is None


def test_what_fails_is_noted_too_and_the_trace_ends() -> None:
    trace = Trace()
    with pytest.raises(RuntimeError), tracing(trace), span("write"):
        raise RuntimeError
    assert [one.name for one in trace.spans] == ["write"]
    assert current() is None


def test_other_threads_are_traced() -> None:
    def work() -> None:
        with span("wait"):
            pass

    with tracing(Trace()) as trace:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert trace.spans[0].thread != threading.get_native_id()


def test_a_trace_is_never_without_end() -> None:
    with tracing(Trace(most=2)) as trace:
        for _ in range(5):
            with span("read"):
                pass
    assert (len(trace.spans), trace.dropped) == (2, 3)
    assert len(trace.take()) == 2
    assert trace.spans == []


def test_nobody_pays_for_a_trace_that_is_not_kept() -> None:
    def seconds(count: int) -> float:
        begun = time.process_time()
        for _ in range(count):
            with span("read", tile="a"):
                pass
        return (time.process_time() - begun) / count

    assert min(seconds(20_000) for _ in range(3)) < 5e-6  # a tile-step takes a thousand times as long
