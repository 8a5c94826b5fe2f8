"""Putting bytes on the disk so that a file is under its name whole, or not there at all.

Everything that changen writes into an output goes through this module. A file is written under a scratch name inside
``<root>/.changen/tmp``, synced, renamed into place, and then its folder is synced, so neither a killed process nor a
lost power supply leaves half a file under a final name. Several files are written first and synced together
afterwards, which costs much less than one by one.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from changen_cli.errors import StoreError

HOME = ".changen"
"""Folder inside an output where changen keeps its own records; its presence marks an output of changen."""

Data: TypeAlias = bytes | bytearray | memoryview

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def scratch_folder(root: Path) -> Path:
    """Returns the folder for unfinished files; it is emptied whenever a run opens the output."""
    return root / HOME / "tmp"


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns what the operating system says of a path into a :class:`StoreError` with the remedy.

    Args:
        path: What is being written or read; an error that names no path of its own is about this one.

    Raises:
        StoreError: In place of any :class:`OSError`.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(_explain(error, path)) from error


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


def make_folder(path: Path) -> None:
    """Makes a folder and its parents, durably; does nothing to one that is there.

    Raises:
        StoreError: If it cannot be made.
    """
    with disk_errors(path):
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


def write_files(root: Path, files: Iterable[tuple[Path, Data]]) -> None:
    """Writes files so that each appears under its name whole; nothing appears before all of them are on the disk.

    Args:
        root: The output.
        files: Path inside ``root`` and content; taken one by one, so a generator keeps memory flat. What is there
            under such a path is replaced.

    Raises:
        StoreError: If the disk is full or not writable. No scratch file stays behind.
    """
    with disk_errors(root), _scratch(root) as scratch:
        staged = []
        for number, (path, data) in enumerate(files):
            temporary = scratch / f"{number:06d}"
            temporary.write_bytes(data)
            staged.append((temporary, path))
        for temporary, _ in staged:
            _sync(temporary, os.O_RDWR)
        for temporary, path in staged:
            os.replace(temporary, path)
        for folder in sorted({path.parent for _, path in staged}):
            sync_folder(folder)


def write_folders(root: Path, folders: Iterable[tuple[Path, Iterable[tuple[str, Data]]]]) -> None:
    """Writes folders of files so that each folder appears under its name whole.

    Args:
        root: The output.
        folders: Path inside ``root``, which must not exist, and the name and content of each file in it.

    Raises:
        StoreError: If the disk is full or not writable. No scratch file stays behind.
    """
    with disk_errors(root), _scratch(root) as scratch:
        staged = []
        for number, (path, files) in enumerate(folders):
            temporary = scratch / f"{number:06d}"
            temporary.mkdir()
            for name, data in files:
                (temporary / name).write_bytes(data)
            staged.append((temporary, path))
        for temporary, _ in staged:
            for file in sorted(temporary.iterdir()):
                _sync(file, os.O_RDWR)
            sync_folder(temporary)
        for temporary, path in staged:
            os.rename(temporary, path)
        for folder in sorted({path.parent for _, path in staged}):
            sync_folder(folder)


@contextmanager
def replacing(root: Path, path: Path) -> Iterator[Path]:
    """Gives a scratch path to write one large file to; it takes its real name when the block ends well.

    Args:
        root: The output.
        path: The file's real path inside ``root``.

    Yields:
        The path to write to.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    with disk_errors(root), _scratch(root) as scratch:
        temporary = scratch / path.name
        yield temporary
        _sync(temporary, os.O_RDWR)
        os.replace(temporary, path)
        sync_folder(path.parent)


def remove_files(paths: Iterable[Path]) -> None:
    """Deletes files that may or may not be there.

    Raises:
        StoreError: If one cannot be deleted.
    """
    for path in paths:
        with disk_errors(path):
            path.unlink(missing_ok=True)


def remove_folder_if_empty(path: Path) -> bool:
    """Deletes a folder that holds nothing.

    Returns:
        True if the folder is gone, False if it holds something and was left alone.

    Raises:
        StoreError: If it is empty and yet cannot be deleted.
    """
    with disk_errors(path):
        if not path.is_dir():
            return True
        if any(path.iterdir()):
            return False
        path.rmdir()
        return True


def clear_scratch(root: Path) -> None:
    """Deletes what killed runs left unfinished.

    Raises:
        StoreError: If something there cannot be deleted.
    """
    folder = scratch_folder(root)
    with disk_errors(folder):
        if folder.is_dir():
            shutil.rmtree(folder)


@contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    """Gives a folder of its own to one write; whatever is left in it afterwards is deleted."""
    parent = scratch_folder(root)
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        # The error that brought us here is the one to report; clear_scratch deletes what stays behind.
        shutil.rmtree(folder, ignore_errors=True)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
