from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import Future

import numpy as np
import pytest

from changen_cli.errors import StoreError, TileError
from changen_cli.pipeline.engines.base import result_of
from changen_cli.pipeline.engines.local import InProcess, Processes, _signals_held, make_workers
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.run import resolve_run


def test_none_means_here(options):
    task = resolve_run(options()).task()
    with make_workers(task, 0) as workers:
        assert isinstance(workers, InProcess)
        assert workers.prepare(0).done()
        assert workers.ahead == 0
    with InProcess(task) as workers:
        workers.preparer.prepare = fail  # type: ignore[method-assign]
        with pytest.raises(TileError):
            result_of(workers.prepare(0))


def fail(shard: int) -> None:
    raise TileError("cannot be read")


def test_a_worker_that_dies_is_one_clear_error(options):
    with Processes(resolve_run(options()).task(), 1) as workers:
        first = workers.prepare(0)
        assert len(result_of(first)) == 2
        for pid in list(workers.pool._processes):
            os.kill(pid, signal.SIGKILL)
        for attempt in range(100):  # the first may be sent before the death is known, later ones are refused at once
            with pytest.raises(StoreError, match=r"a worker process died.*fewer --workers"):
                result_of(workers.prepare(attempt % 3))


@pytest.mark.skipif(not hasattr(os, "getpgid"), reason="there are no process groups here")
def test_workers_are_out_of_reach_of_the_terminal(options):
    with Processes(resolve_run(options()).task(), 1) as workers:
        result_of(workers.prepare(0))  # made here, while the process starts
        result_of(workers.prepare(1))
        (pid,) = workers.pool._processes
        assert os.getpgid(pid) != os.getpgid(0)
        os.kill(pid, signal.SIGINT)
        assert len(result_of(workers.prepare(2))) == 2


def test_the_first_shard_does_not_wait_for_a_process(options, monkeypatch):
    with Processes(resolve_run(options()).task(), 1) as workers:
        here = workers.prepare(0)
        assert here.done()
        there = result_of(workers.prepare(0))
        for one, other in zip(here.result(), there, strict=True):
            assert one.outcome.id == other.outcome.id
            assert np.array_equal(one.outcome.series.masks, other.outcome.series.masks)
            assert np.array_equal(one.noise, other.noise)


def test_a_killed_worker_ends_a_run_that_can_go_on(options, monkeypatch, tree, tmp_path):
    count = 0
    original = Processes.commit

    def commit(self, writer, shard, outcomes):
        nonlocal count
        count += 1
        if count == 2:
            for pid in list(self.pool._processes):
                os.kill(pid, signal.SIGKILL)
        return original(self, writer, shard, outcomes)

    monkeypatch.setattr(Processes, "commit", commit)
    with pytest.raises(StoreError, match="a worker process died"):
        generate(options(workers=1))
    monkeypatch.undo()
    assert generate(options(workers=1)).statuses == {"done": 6}
    generate(options(output=str(tmp_path / "whole")))
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_signals_wait_while_a_process_starts():
    reached = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012  # where it is raised is what matters
        with _signals_held():
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(0.05)
            reached.append("end of the block")
        reached.append("after it")
    assert reached == ["end of the block"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_signals_are_left_alone_in_other_threads():
    done: Future[bool] = Future()

    def work() -> None:
        with _signals_held():
            pass
        done.set_result(True)

    threading.Thread(target=work).start()
    assert done.result(10)
