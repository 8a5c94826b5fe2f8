from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.store import holding
from changen_cli.store.holding import Holding
from changen_cli.store.share import Share


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "out" / ".changen"
    path.mkdir(parents=True)
    return path


def worker(home: Path, number: int, workers: int = 3) -> Holding:
    return Holding(home, Share(number, workers))


def test_workers_with_other_shares_write_at_once(home: Path) -> None:
    held = [worker(home, number) for number in range(3)]
    for one in held:
        one.acquire()
        one.opened()
    with pytest.raises(StoreError, match=r"worker 1/3.* is writing"):
        worker(home, 1).acquire()
    held[1].release()
    again = worker(home, 1)
    again.acquire()
    again.release()


def test_an_undivided_run_is_alone(home: Path) -> None:
    one = worker(home, 2)
    one.acquire()
    one.opened()
    with pytest.raises(StoreError, match=r"worker 2/3.* is writing"):
        Holding(home).acquire()
    other = worker(home, 0)  # the refused run holds nothing
    other.acquire()
    other.opened()
    one.release()
    with pytest.raises(StoreError, match=r"worker 0/3.* is writing"):
        Holding(home).acquire()
    other.release()
    whole = Holding(home)
    whole.acquire()
    for number in range(3):
        with pytest.raises(StoreError, match=r"another run.* is writing"):
            worker(home, number).acquire()
    whole.release()
    one.acquire()


def test_a_worker_waits_for_one_that_is_opening(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "WAIT", 0.2)
    first, second = worker(home, 0), worker(home, 1)
    first.acquire()
    with pytest.raises(StoreError, match="another worker that is opening"):
        second.acquire()
    first.opened()
    second.acquire()
    with pytest.raises(StoreError, match=r"another run.* is writing"):
        Holding(home).acquire()


def test_locks_of_workers_go_with_the_division(home: Path) -> None:
    for number in (0, 1):
        one = worker(home, number)
        one.acquire()
        one.release()
    (home / "lock-mine").touch()
    whole = Holding(home)
    whole.acquire()
    whole.forget_workers()
    assert sorted(path.name for path in home.iterdir()) == ["lock", "lock-mine"]
