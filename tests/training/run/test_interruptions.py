"""A training that is asked to end does so between two iterations; asked twice, at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from changen_cli.training.run.interruptions import Interruptions, StoppedError


@pytest.fixture(autouse=True)
def ends_as_the_command_does() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt, as ``changen`` has it."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    signal.signal(signal.SIGTERM, before)


def train(kept: list[int], ended: list[str], *signals: signal.Signals) -> None:
    """Works on four mini-batches; signals come while it is at the second one."""
    with Interruptions(alone=True) as interruptions:
        for batch in interruptions.between("abcd", kept.append):
            if batch == "b":
                for number in signals:
                    signal.raise_signal(number)
            ended.append(batch)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_iteration_is_ended_and_what_is_done_is_kept(number: signal.Signals) -> None:
    kept: list[int] = []
    ended: list[str] = []
    with pytest.raises(StoppedError):
        train(kept, ended, number)
    assert ended == ["a", "b"]
    assert kept == [2]


def test_a_second_signal_ends_it_at_once() -> None:
    kept: list[int] = []
    ended: list[str] = []
    with pytest.raises(KeyboardInterrupt) as caught:
        train(kept, ended, signal.SIGINT, signal.SIGTERM)
    assert not isinstance(caught.value, StoppedError)
    assert (kept, ended) == ([], ["a"])


def test_nothing_is_waited_for_between_two_iterations() -> None:
    def batches() -> Iterator[str]:
        yield "a"
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("it was waited for")

    kept: list[int] = []
    with pytest.raises(StoppedError), Interruptions(alone=True) as interruptions:
        assert list(interruptions.between(batches(), kept.append)) == []
    assert kept == [1]


def test_who_has_a_handler_of_their_own_keeps_it() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruptions(alone=True) as interruptions:
            for _ in interruptions.between("ab", lambda count: None):
                signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_of_several_processes_none_waits() -> None:
    with Interruptions(alone=False):
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler


def test_another_thread_than_the_main_one_handles_no_signals() -> None:
    found: list[object] = []

    def run() -> None:
        with Interruptions(alone=True) as interruptions:
            found.extend(interruptions.between("ab", found.append))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == ["a", "b"]
