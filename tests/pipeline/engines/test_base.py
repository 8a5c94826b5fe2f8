from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from changen_cli.errors import StoreError, TileError
from changen_cli.pipeline.engines.base import result_of, worker_died


def test_a_result_is_passed_on() -> None:
    future: Future[int] = Future()
    future.set_result(7)
    assert result_of(future) == 7


def test_an_error_of_the_work_is_passed_on() -> None:
    future: Future[int] = Future()
    future.set_exception(TileError("tile a cannot be read"))
    with pytest.raises(TileError, match="tile a cannot be read"):
        result_of(future)


def test_a_process_that_died_is_told_in_one_line() -> None:
    future: Future[int] = Future()
    future.set_exception(BrokenProcessPool())
    with pytest.raises(StoreError) as caught:
        result_of(future)
    assert str(caught.value) == str(worker_died())
    assert "fewer --workers" in str(caught.value)
    assert "\n" not in str(caught.value)
