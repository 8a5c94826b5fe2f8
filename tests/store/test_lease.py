from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest

from changen_cli.errors import StoreError
from changen_cli.files import ObjectPath, objects, place
from changen_cli.store import lease as module
from changen_cli.store.lease import Lease


@pytest.fixture
def path(memory: str) -> ObjectPath:
    found = place(f"{memory}/run/.changen/lock")
    assert isinstance(found, ObjectPath)
    return found


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds a lease is on another machine, so only renewals tell whether it is alive."""
    monkeypatch.setattr(module, "_is_here", lambda holder: False)
    monkeypatch.setattr(module, "_POLL", 0.01)


def test_two_runs_cannot_hold_it(path: ObjectPath) -> None:
    first, second = Lease(path), Lease(path, holder="worker 0/2")
    first.acquire()
    first.acquire()
    with pytest.raises(StoreError, match=r"worker 0/2 \(process \d+ of .*\) is writing s3://memory/run; wait for it"):
        second.acquire()
    first.release()
    assert path.read_bytes() == b""
    second.acquire()
    second.refuse_lost()
    second.release()


def test_a_process_of_this_machine_that_is_gone_holds_nothing(path: ObjectPath) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    holder = {**module._process(gone.pid), "holder": "gone", "start": "12345"}
    objects.put(path.address, json.dumps(holder).encode())
    begun = time.monotonic()
    lease = Lease(path)
    lease.acquire()
    assert time.monotonic() - begun < module.EXPIRES / 2
    lease.release()


@pytest.mark.usefixtures("elsewhere")
def test_one_that_is_not_renewed_is_taken_over(path: ObjectPath) -> None:
    dead = Lease(path, renew=1000.0)
    dead.acquire()
    live = Lease(path, expires=0.3)
    live.acquire()
    assert json.loads(path.read_bytes())["holder"] == live._me["holder"]
    live.release()
    dead.release()
    assert path.read_bytes() == b"", "the one that has lost it does not write any more"


@pytest.mark.usefixtures("elsewhere")
def test_one_that_is_renewed_is_alive(path: ObjectPath) -> None:
    holder = Lease(path, renew=0.05)
    holder.acquire()
    with pytest.raises(StoreError, match="is writing s3://memory/run"):
        Lease(path, expires=30.0).acquire()
    holder.release()


@pytest.mark.usefixtures("elsewhere")
def test_a_holder_that_slept_learns_that_it_has_lost(path: ObjectPath) -> None:
    asleep = Lease(path, renew=0.5)
    asleep.acquire()
    Lease(path, expires=0.05).acquire()
    deadline = time.monotonic() + 20
    while not asleep._lost:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(StoreError, match="another may be writing it now"):
        asleep.refuse_lost()


def test_a_store_that_ignores_conditions_is_refused(path: ObjectPath, monkeypatch: pytest.MonkeyPatch) -> None:
    def put(address: objects.Address, data: bytes, tag: Any) -> str:
        objects.put(address, data)
        return "tag"

    monkeypatch.setattr(objects, "put_if", put)
    with pytest.raises(StoreError, match="takes no notice of conditions"):
        Lease(path).acquire()


def test_a_renewal_whose_answer_was_lost_is_still_its_own(path: ObjectPath) -> None:
    lease = Lease(path, renew=0.05)
    lease.acquire()
    objects.put(path.address, lease._content())  # as if the store had taken a renewal that it did not confirm
    time.sleep(0.5)
    lease.refuse_lost()
    assert not lease._lost
    lease.release()
    assert path.read_bytes() == b""
