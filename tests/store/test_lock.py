from __future__ import annotations

import errno
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from changen_cli.errors import StoreError
from changen_cli.store.lock import Lock

HOLD = """
import sys, time
from pathlib import Path
from changen_cli.store.lock import Lock
lock = Lock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_two_runs_cannot_hold_it(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    first.acquire()
    with pytest.raises(StoreError, match=r"another run .*is writing"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()
    assert (tmp_path / "lock").read_bytes() == b""


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=f"process {holder.pid}"):
            Lock(path).acquire()
    finally:
        holder.kill()
        holder.communicate()
    deadline = time.monotonic() + 5
    lock = Lock(path)
    while True:
        try:
            lock.acquire()
            break
        except StoreError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    lock.release()


def test_a_file_system_without_locks_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Refused(FileLock):
        def _acquire(self) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

    with caplog.at_level(logging.WARNING):
        Lock(tmp_path / "lock", Refused(tmp_path / "lock")).acquire()
    assert "has no locks" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("five years")
    (tmp_path / "lock").symlink_to(tmp_path / "mine")
    with pytest.raises(StoreError, match="lock is a link"):
        Lock(tmp_path / "lock").acquire()
    assert (tmp_path / "mine").read_text() == "five years"
