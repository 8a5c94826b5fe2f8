"""One run at a time per output.

The lock belongs to the operating system, not to the file: a killed run leaves none behind.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from pathlib import Path

from changen_cli.errors import StoreError
from changen_cli.files import disk_errors

_log = logging.getLogger(__name__)
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}


class Lock:
    """An exclusive lock on a file.

    Attributes:
        path: The file; it is made where it is missing, and stays (empty) after the lock is released, because deleting
            it would let two runs lock two files of one name.
    """

    def __init__(self, path: Path) -> None:
        """Names the file; nothing is locked yet."""
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Takes the lock, and writes this process's id into the file for whoever is refused.

        On a file system that has no locks (some network file systems) a warning is logged and the run goes on.

        Raises:
            StoreError: If another run holds it, or the file cannot be written.
        """
        if self._descriptor is not None:
            return
        with disk_errors(self.path):
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                _log.warning(
                    "the file system of %s has no locks; make sure that only one run writes there", self.path.parent
                )
            else:
                holder = self.path.read_text(encoding="ascii", errors="replace").strip()
                os.close(descriptor)
                who = f" (process {holder})" if holder else ""
                raise StoreError(
                    f"another run{who} is writing {self.path.parent.parent}; wait for it, or choose another --output"
                ) from error
        self._descriptor = descriptor
        self._write(f"{os.getpid()}\n".encode("ascii"))

    def release(self) -> None:
        """Gives the lock back; does nothing where it is not held."""
        if self._descriptor is None:
            return
        self._write(b"")
        _unlock(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = None

    def _write(self, text: bytes) -> None:
        """Replaces the content of the file, which is only a courtesy: a full disk must not stop a run here."""
        assert self._descriptor is not None
        try:
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, text)
        except OSError as error:
            _log.debug("cannot write %s: %s", self.path, error)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        # A byte far behind the text, because Windows forbids reading locked bytes.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        # Said aloud, because a forked child that still holds a copy of the descriptor would keep the lock.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
