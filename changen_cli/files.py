"""Putting bytes on the disk so that a file is under its name whole, or not there at all.

Everything that changen writes goes through this module. A file is written under a scratch name, synced, renamed into
place, and then its folder is synced, so neither a killed process nor a lost power supply leaves half a file under a
final name. Inside an output the scratch name lies in ``<root>/.changen/tmp``, and several files are written first and
synced together afterwards, which costs much less than one by one; a single file elsewhere (:func:`write_whole`,
:func:`replacing_file`) has its scratch file beside it.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from changen_cli.errors import ChangenError, StoreError

HOME = ".changen"
"""Folder inside an output where changen keeps its own records; its presence marks an output of changen."""

Data: TypeAlias = bytes | bytearray | memoryview

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def scratch_folder(root: Path) -> Path:
    """Returns the folder for unfinished files; it is emptied whenever a run opens the output."""
    return root / HOME / "tmp"


def half_done_folder(root: Path) -> Path:
    """Returns the folder for what a killed run goes on from; it is kept until the run ends."""
    return root / HOME / "half-done"


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


@contextmanager
def replacing_folder(root: Path, path: Path) -> Iterator[Path]:
    """Gives an empty scratch folder to write large files to; it takes its real name when the block ends well.

    Args:
        root: The output.
        path: The folder's real path inside ``root``, which must not exist when the block ends.

    Yields:
        The folder to write to, which holds nothing but files at the end.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    with disk_errors(root), _scratch(root) as scratch:
        temporary = scratch / path.name
        temporary.mkdir()
        yield temporary
        for file in sorted(temporary.iterdir()):
            _sync(file, os.O_RDWR)
        sync_folder(temporary)
        os.rename(temporary, path)
        sync_folder(path.parent)


@contextmanager
def replacing_file(path: Path, error: type[ChangenError] = StoreError) -> Iterator[Path]:
    """Gives a scratch path to write one file outside an output to; it takes its real name when the block ends well.

    The scratch file is ``.<name>.tmp`` beside the file, so that the rename never crosses a disk, and a killed writer
    leaves at most one, which the next takes over.

    Args:
        path: The file's real path; its folder is made where it is missing.
        error: What is raised where it cannot be written.

    Yields:
        The path to write to. Its suffix is ``.tmp``: a library that takes the format from the name must be told.

    Raises:
        ChangenError: Of that class, if the disk is full or not writable. The file that was there is then whole, and
            no scratch file stays behind.
    """
    make_folder(path.parent, error)
    temporary = path.with_name(f".{path.name}.tmp")
    with disk_errors(path, error):
        try:
            yield temporary
            _sync(temporary, os.O_RDWR)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):  # the error that led here is the one to report
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def write_whole(path: Path, data: Data | str, error: type[ChangenError] = StoreError) -> None:
    """Writes one file outside an output so that it is under its name whole, or as it was.

    Args:
        path: The file; its folder is made where it is missing.
        data: Its content; text is written as UTF-8 with the line ends that it has.
        error: What is raised where it cannot be written.

    Raises:
        ChangenError: Of that class, if the disk is full or not writable.
    """
    with replacing_file(path, error) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


@contextmanager
def work_folder(path: Path, error: type[ChangenError] = StoreError) -> Iterator[Path]:
    """Gives an empty folder for what a large file outside an output is put together from; it is gone afterwards.

    It is ``.<name>.work`` beside the file, so on its disk. A killed job leaves it, and the next one empties it.

    Args:
        path: The file; its folder is made where it is missing.
        error: What is raised where the folder cannot be made.

    Yields:
        The folder; :func:`put_whole` gives what is finished there its real name.

    Raises:
        ChangenError: Of that class, if the disk is full or not writable.
    """
    make_folder(path.parent, error)
    folder = path.with_name(f".{path.name}.work")
    with disk_errors(path, error):
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # an error that led here is the one to report


def put_whole(temporary: Path, path: Path, error: type[ChangenError] = StoreError) -> None:
    """Gives a finished file its real name, durably.

    Args:
        temporary: The file, on the disk of ``path``.
        path: Its name; what is there is replaced.
        error: What is raised where that cannot be done.

    Raises:
        ChangenError: Of that class, if the disk is full or not writable.
    """
    with disk_errors(path, error):
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


def clear_half_done(root: Path, name: str = "") -> None:
    """Deletes what was kept to go on from: all of it, or one folder of it.

    Raises:
        StoreError: If something there cannot be deleted.
    """
    folder = half_done_folder(root) / name
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
        # An error that led here is the one to report; clear_scratch deletes what stays.
        shutil.rmtree(folder, ignore_errors=True)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
