"""One run at a time per output.

The lock belongs to the operating system, not to the file: a killed run leaves none behind.
"""

from __future__ import annotations

import errno
import logging
import os
from contextlib import suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

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

    def __init__(
        self, path: Path, lock: BaseFileLock | None = None, *, holder: str = "another run", of: Path | None = None
    ) -> None:
        """Names the file; nothing is locked yet.

        Args:
            path: The file.
            lock: What locks it, for a test; None for the operating system's lock.
            holder: Who it is that has the lock where it cannot be had, in words.
            of: What it is a lock of, where that is not the output that the file lies in the ``.changen`` of.
        """
        self.path = path
        self._who = holder
        self._of = of
        # a soft lock would be a file that a killed run leaves behind
        self._lock = lock or FileLock(path, thread_local=False, fallback_to_soft=False)

    def acquire(self, *, wait: float = 0.0) -> None:
        """Takes the lock, and writes this process's id into the file, for the message to a run that is refused.

        On a file system that has no locks (some network file systems) a warning is logged and the run goes on.

        Args:
            wait: Seconds to wait for it.

        Raises:
            StoreError: If another run holds it, or the file is a link or cannot be written.
        """
        if self._lock.is_locked:
            return
        if self.path.is_symlink():  # locking empties the file
            raise StoreError(f"{self.path} is a link, and would empty what it leads to; remove it and run again")
        with disk_errors(self.path):
            try:
                self._lock.acquire(timeout=wait, poll_interval=0.05)
            except Timeout as error:
                others = ", or have runs share one (changen generate --shard)" if self._of is None else ""
                raise StoreError(
                    f"{self._who}{self._holder()} is writing {self._of or self.path.parent.parent}; wait for it, "
                    f"{'' if others else 'or '}choose another --output{others}"
                ) from error
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                _log.warning(
                    "the file system of %s has no locks; make sure that only one run writes there", self.path.parent
                )
        self._write(f"{os.getpid()}\n")

    def release(self) -> None:
        """Gives the lock back, if it is held."""
        if self._lock.is_locked:
            self._write("")
            self._lock.release()

    def _holder(self) -> str:
        """Says which process holds the lock, where the system lets that be read."""
        with suppress(OSError):
            if holder := self.path.read_text(encoding="ascii", errors="replace").strip():
                return f" (process {holder})"
        return ""

    def _write(self, text: str) -> None:
        """Replaces the content of the file in place: the lock is on this very file, not on its name.

        The content only serves a message, so a full disk does not stop a run here.
        """
        with suppress(OSError):
            self.path.write_text(text, encoding="ascii")
