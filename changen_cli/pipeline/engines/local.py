"""The engine of one machine: shards are prepared and written in this process, or in others beside the generator."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from types import TracebackType
from typing import ParamSpec, TypeVar

from changen_cli.files import part_scratch
from changen_cli.pipeline.engines.base import Workers, worker_died
from changen_cli.pipeline.engines.signals import end_with_parent, forget_held_signals, signals_held
from changen_cli.pipeline.prepare import Prepared, Preparer, Task
from changen_cli.pipeline.profile import QUEUE_WAIT
from changen_cli.store.base import Outcome
from changen_cli.store.commit import commit_shard
from changen_cli.store.formats.base import Format
from changen_cli.store.records import ShardSummary
from changen_cli.tracing import Span, Trace, current, start

P = ParamSpec("P")
T = TypeVar("T")

WORKER_NICENESS = 5
"""Workers have shards to spare; where cores are short, the generator should not be the one that waits."""

_preparer: Preparer | None = None
"""The one of a worker process."""


def _start(task: Task) -> None:
    """Starts a worker process."""
    global _preparer
    _preparer = Preparer(task)
    if task.share is not None:
        part_scratch(task.share.name)
    if task.traced:
        start(Trace())
    if hasattr(os, "nice"):
        os.nice(WORKER_NICENESS)
    end_with_parent()
    forget_held_signals()


def _started() -> None:
    """Does nothing; being called starts the first process."""


def _prepare(shard: int) -> list[Prepared]:
    assert _preparer is not None, "a worker process starts with _start()"
    return _preparer.prepare(shard)


def _traced(asked: int, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> tuple[T, list[Span]]:
    """Runs what a worker is asked for, and gives its spans back with it; the first is its wait in the queue."""
    trace = current()
    assert trace is not None, "the worker of a run that is traced traces"
    trace.add([Span(QUEUE_WAIT, asked, time.monotonic_ns(), os.getpid(), 0, {"for": function.__name__.strip("_")})])
    return function(*arguments, **named), trace.take()


def _unpacked(future: Future[tuple[T, list[Span]]], trace: Trace) -> Future[T]:
    """Returns the future of a result alone; its spans are added to the trace when it is there."""
    result: Future[T] = Future()

    def unpack(done: Future[tuple[T, list[Span]]]) -> None:
        if done.cancelled():
            result.cancel()
        elif (error := done.exception()) is not None:
            result.set_exception(error)
        else:
            value, spans = done.result()
            trace.add(spans)
            result.set_result(value)

    future.add_done_callback(unpack)
    return result


class InProcess:
    """No worker at all: everything is done in this process, when it is asked for."""

    ahead = 0
    """Nothing is done beside synthesising, so what is prepared ahead would only take memory."""

    def __init__(self, task: Task) -> None:
        self.preparer = Preparer(task)

    def prepare(self, shard: int) -> Future[list[Prepared]]:
        """Prepares a shard, now."""
        return _now(self.preparer.prepare, shard)

    def commit(self, writer: Format, shard: int, outcomes: list[Outcome]) -> Future[ShardSummary]:
        """Writes a shard, now."""
        return _now(commit_shard, writer, shard, outcomes)

    def __enter__(self) -> InProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.preparer.close()


class Processes:
    """Processes, started afresh (not forked: the main process has threads and perhaps a CUDA context)."""

    def __init__(self, task: Task, count: int) -> None:
        """Starts the processes.

        Args:
            task: Sent to each.
            count: How many.
        """
        self.ahead = count + 1
        self._traced = task.traced
        context = multiprocessing.get_context("spawn")
        self.pool = ProcessPoolExecutor(count, mp_context=context, initializer=_start, initargs=(task,))
        # a process takes a second or two to start; until then this one prepares, so that the generator need not wait
        self._starting: Future[None] | None = self._submit(_started)
        self._meanwhile = Preparer(task)

    def prepare(self, shard: int) -> Future[list[Prepared]]:
        """Has a process prepare a shard; the first one is prepared here, while the processes start."""
        if self._starting is not None:
            self._starting = None
            with closing(self._meanwhile) as preparer:
                return _now(preparer.prepare, shard)
        return self._submit(_prepare, shard)

    def commit(self, writer: Format, shard: int, outcomes: list[Outcome]) -> Future[ShardSummary]:
        """Has a process write a shard."""
        return self._submit(commit_shard, writer, shard, outcomes)

    def _submit(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Future[T]:
        try:
            with signals_held():  # the pool starts its processes as work comes in
                if not self._traced or (trace := current()) is None:
                    return self.pool.submit(function, *arguments, **named)
                asked = partial(_traced, time.monotonic_ns(), function, *arguments, **named)
                return _unpacked(self.pool.submit(asked), trace)
        except BrokenProcessPool as error:
            raise worker_died() from error

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # after an error what is under way may finish (a shard is written whole or not at all), nothing new starts
        self.pool.shutdown(wait=True, cancel_futures=error is not None)


def make_workers(task: Task, count: int) -> Workers:
    """Starts ``count`` processes, or none for 0."""
    return Processes(task, count) if count else InProcess(task)


def _now(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Future[T]:
    future: Future[T] = Future()
    try:
        future.set_result(function(*arguments, **named))
    except Exception as error:
        future.set_exception(error)
    return future
