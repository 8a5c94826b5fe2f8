from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest

from changen_cli.errors import StoreError, TileError
from changen_cli.files import scratch_folder
from changen_cli.pipeline.engines import local
from changen_cli.pipeline.engines.base import result_of
from changen_cli.pipeline.engines.local import InProcess, Processes, make_workers
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.prepare import Prepared
from changen_cli.pipeline.run import resolve_run
from changen_cli.reporter import Progress
from changen_cli.store.base import Status
from changen_cli.tracing import Span, Trace
from tests.outputs import Tree
from tests.reporting import Heard


def worker_ids() -> list[int]:
    """Process ids of the workers that this process has started."""
    return [process.pid for process in multiprocessing.active_children() if process.pid is not None]


def test_processes_of_a_worker_write_in_its_scratch(options: Callable[..., GenerateOptions], tmp_path: Path) -> None:
    whole = scratch_folder(tmp_path)
    with Processes(resolve_run(options(shard="1/3")).task(), 1) as workers:
        assert workers.pool.submit(scratch_folder, tmp_path).result() == whole / "1-of-3"
    assert scratch_folder(tmp_path) == whole


def test_none_means_here(options: Callable[..., GenerateOptions], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(shard: int) -> list[Prepared]:
        raise TileError(f"shard {shard} cannot be read")

    task = resolve_run(options()).task()
    with make_workers(task, 0) as workers:
        assert isinstance(workers, InProcess)
        assert workers.prepare(0).done()
        assert workers.ahead == 0
    with InProcess(task) as workers:
        monkeypatch.setattr(workers.preparer, "prepare", fail)
        with pytest.raises(TileError):
            result_of(workers.prepare(0))


def test_a_worker_that_dies_is_one_clear_error(options: Callable[..., GenerateOptions]) -> None:
    with Processes(resolve_run(options()).task(), 1) as workers:
        first = workers.prepare(0)
        assert len(result_of(first)) == 2
        for pid in worker_ids():
            os.kill(pid, signal.SIGKILL)
        for attempt in range(100):  # the first may be sent before the death is known, later ones are refused at once
            with pytest.raises(StoreError, match=r"a worker process died.*fewer --workers"):
                result_of(workers.prepare(attempt % 3))


@pytest.mark.skipif(not hasattr(os, "getpgid"), reason="there are no process groups here")
def test_workers_are_out_of_reach_of_the_terminal(options: Callable[..., GenerateOptions]) -> None:
    with Processes(resolve_run(options()).task(), 1) as workers:
        result_of(workers.prepare(0))  # made here, while the process starts
        result_of(workers.prepare(1))
        (pid,) = worker_ids()
        assert os.getpgid(pid) != os.getpgid(0)
        os.kill(pid, signal.SIGINT)
        assert len(result_of(workers.prepare(2))) == 2


def test_the_first_shard_does_not_wait_for_a_process(options: Callable[..., GenerateOptions]) -> None:
    with Processes(resolve_run(options()).task(), 1) as workers:
        here = workers.prepare(0)
        assert here.done()
        there = result_of(workers.prepare(0))
        for one, other in zip(here.result(), there, strict=True):
            assert one.outcome.id == other.outcome.id
            assert one.outcome.series is not None
            assert other.outcome.series is not None
            np.testing.assert_array_equal(one.outcome.series.masks, other.outcome.series.masks)
            np.testing.assert_array_equal(one.noise, other.noise)


def test_a_killed_worker_ends_a_run_that_can_go_on(
    options: Callable[..., GenerateOptions], tree: Tree, tmp_path: Path
) -> None:
    def kill(progress: Progress) -> None:
        if progress.values.get(Status.DONE, 0) >= 1:  # a shard is written, others are not
            for pid in worker_ids():
                os.kill(pid, signal.SIGKILL)

    asked = {"workers": 1, "shard_samples": 1}
    with pytest.raises(StoreError, match="a worker process died"):
        generate(options(**asked), Heard(kill), report_every=0)
    again = generate(options(**asked))
    assert again.statuses == {"done": 6}
    assert 1 <= again.resumed < 6
    generate(options(**asked, output=str(tmp_path / "whole")))
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


def test_what_a_traced_worker_raises_or_never_begins_is_passed_on() -> None:
    trace = Trace()
    inner: list[Future[tuple[int, list[Span]]]] = [Future() for _ in range(3)]
    results = [local._unpacked(future, trace) for future in inner]
    inner[0].set_result((7, [Span("read", 1, 2, 3, 4, {})]))
    inner[1].set_exception(BrokenProcessPool())
    inner[2].cancel()
    assert results[0].result(0) == 7
    assert [span.name for span in trace.spans] == ["read"]
    with pytest.raises(StoreError, match="a worker process died"):
        result_of(results[1])
    assert results[2].cancelled()
