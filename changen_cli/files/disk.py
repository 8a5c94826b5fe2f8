"""The disk and its errors: each has a line that names the path and the remedy; folders and names are made durable."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from changen_cli.errors import ChangenError, StoreError
from changen_cli.files.places import ObjectPath

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def disk_errors(path: Path, error: type[ChangenError] = StoreError) -> Iterator[None]:
    """Turns an error of the operating system into one of ours, which names the path and the remedy.

    Args:
        path: What is being written or read; an error that names no path of its own is about this one.
        error: What is raised.

    Raises:
        ChangenError: Of that class, in place of any :class:`OSError`.
    """
    try:
        yield
    except OSError as cause:
        raise error(_explain(cause, path)) from cause


def _explain(error: OSError, path: Path) -> str:
    """Says what went wrong, where, and what to do."""
    where = path if error.filename is None else error.filename
    if error.errno in _FULL:
        return (
            f"no space left on the disk of {path} ({_free(path)} free); "
            "free some space and run the same command again: it goes on where it stopped"
        )
    if error.errno in _FORBIDDEN:
        return (
            f"cannot write {where}: {error.strerror}; give write permission there or choose another --output, "
            "then run the same command again"
        )
    return f"cannot use {where}: {error.strerror or error}; repair it and run the same command again"


def _free(path: Path) -> str:
    """Returns the free space of the disk that holds a path, in words."""
    for folder in (path, *path.parents):
        try:
            return f"{shutil.disk_usage(folder).free:,} bytes"
        except OSError:
            continue
    return "unknown"


def make_folder(path: Path, error: type[ChangenError] = StoreError) -> None:
    """Makes a folder and its parents, durably; one that is there stays as it is.

    Args:
        path: The folder.
        error: What is raised where it cannot be made.

    Raises:
        ChangenError: Of that class, if it cannot be made.
    """
    if isinstance(path, ObjectPath):  # there are no folders in an object store
        return
    with disk_errors(path, error):
        missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
        path.mkdir(parents=True, exist_ok=True)
        for folder in reversed(missing):
            sync_folder(folder.parent)


def sync_folder(path: Path) -> None:
    """Makes the names in a folder durable, where the system can: Windows and some network file systems cannot."""
    if sys.platform == "win32":
        return
    try:
        _sync(path, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise


def sync_file(path: Path) -> None:
    """Makes the content of a file durable."""
    _sync(path, os.O_RDWR)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
