"""Single files outside an output: whole under their name, or as they were.

The scratch file of each lies beside it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from changen_cli.errors import ChangenError, StoreError
from changen_cli.files.checksums import Data
from changen_cli.files.disk import disk_errors, make_folder, sync_file, sync_folder


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
            sync_file(temporary)
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


def put_folder_whole(
    temporary: Path, path: Path, error: type[ChangenError] = StoreError, *, replace: bool = False
) -> None:
    """Gives a finished folder its real name, durably, with all that is in it.

    Args:
        temporary: The folder, in the :func:`work_folder` of ``path``, or at least on its disk.
        path: Its name; an empty folder there is replaced.
        error: What is raised where that cannot be done.
        replace: Put what is there aside, to go with the folder of work, in place of refusing.

    Raises:
        ChangenError: Of that class, if something else is there, or the disk is full or not writable.
    """
    with disk_errors(path, error):
        for folder, _, names in os.walk(temporary, topdown=False):
            for name in names:
                with suppress(PermissionError):  # a link to a file that we may only read: its writer has synced it
                    sync_file(Path(folder, name))
            sync_folder(Path(folder))
        if replace and os.path.lexists(path):
            os.rename(path, temporary.with_name(f"{temporary.name}.old"))
        elif path.is_dir():
            path.rmdir()
        os.rename(temporary, path)
        sync_folder(path.parent)


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
        sync_file(temporary)
        os.replace(temporary, path)
        sync_folder(path.parent)
