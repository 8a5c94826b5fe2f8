"""Who may write an output: one undivided run, or any number of workers, each with a share of its own.

Inside ``.changen``::

    lock            an undivided run holds it from its start to its end; a worker for the moment in which it opens
    lock-0-of-3     a worker holds that of its share from its start to its end
    lock-opening    workers queue up here, so that one does not take another that is opening for an undivided run

In an object store they are leases (:mod:`changen_cli.store.lease`) of the same names.

A worker's lock is taken, and deleted, only by who holds ``lock``. So whoever has ``lock``, and finds every worker's
lock free, is alone, and stays so for as long as it has it.
"""

from __future__ import annotations

import re
from pathlib import Path

from changen_cli.files import ObjectPath, disk_errors, remove_files
from changen_cli.store.lease import Lease
from changen_cli.store.lock import Lock
from changen_cli.store.share import Share

WAIT = 600.0
"""Most seconds that a worker waits for others that are opening; each takes a fraction of one."""

LOCK_OF_WORKER = re.compile(r"lock-(?:opening|(\d+)-of-(\d+))")
"""Names of the locks that are there only where an output is divided."""


class Holding:
    """The locks that one run has on an output."""

    def __init__(self, home: Path, share: Share | None = None) -> None:
        """Names the locks; nothing is locked yet.

        Args:
            home: The folder ``.changen`` of the output.
            share: Of a worker; None for an undivided run.
        """
        self._home = home
        self._opening = _lock(home / "lock-opening", "another worker that is opening")
        self._whole = _lock(home / "lock", "another run")
        self._own = None if share is None else _lock_of(home, share)

    def acquire(self) -> None:
        """Takes all locks that it needs to open the output; nobody else can open it until :meth:`opened`.

        Raises:
            StoreError: If another run, or for an undivided run a worker, is writing the output, or a lock is a link
                or cannot be written.
        """
        try:
            if self._own is not None:
                self._opening.acquire(wait=WAIT)
            self._whole.acquire()
            if self._own is not None:
                self._own.acquire()
            else:
                self._refuse_workers()
        except BaseException:
            self.release()
            raise

    def opened(self) -> None:
        """Lets other workers open the output, where this is one."""
        if self._own is not None:
            self._whole.release()
            self._opening.release()

    def release(self) -> None:
        """Gives back all locks that are held."""
        for lock in (self._own, self._whole, self._opening):
            if lock is not None:
                lock.release()

    def refuse_lost(self) -> None:
        """Refuses to go on where a lock is not held any more, which can happen to a lease alone.

        Raises:
            StoreError: If somebody else has it now.
        """
        for lock in (self._own, self._whole):
            if isinstance(lock, Lease):
                lock.refuse_lost()

    def forget_workers(self) -> None:
        """Deletes the locks of all workers, which are done; to be called by an undivided run that holds the output.

        Raises:
            StoreError: If one cannot be deleted.
        """
        remove_files(self._home / name for name in self._names())

    def _refuse_workers(self) -> None:
        """Refuses to be alone while a worker is not done."""
        for name in self._names():
            found = LOCK_OF_WORKER.fullmatch(name)
            if found is not None and found[1]:
                lock = _lock_of(self._home, Share(int(found[1]), int(found[2])))
                lock.acquire()
                lock.release()

    def _names(self) -> list[str]:
        with disk_errors(self._home):
            return sorted(path.name for path in self._home.iterdir() if LOCK_OF_WORKER.fullmatch(path.name))


def _lock_of(home: Path, share: Share) -> Lock | Lease:
    return _lock(home / f"lock-{share.name}", f"worker {share}")


def _lock(path: Path, holder: str) -> Lock | Lease:
    """Returns what keeps others out: a lock of the operating system, or a lease in an object store."""
    return Lease(path, holder=holder) if isinstance(path, ObjectPath) else Lock(path, holder=holder)
