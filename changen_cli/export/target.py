"""Where an export goes: a folder or file that has its real name when all of it is there, and not before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from changen_cli.errors import StoreError, UsageError
from changen_cli.export.picture import Picture
from changen_cli.files import Data, disk_errors, empty_folder, make_folder, put_folder_whole, put_whole
from changen_cli.store.lock import Lock

RECORD = "changen-export.json"
"""Says in a folder where it comes from; also what ``--overwrite`` looks for before it replaces one."""

LOCK = ".changen-lock"
"""Held by the export that writes."""


class Target:
    """The folder that an export is written to, under its scratch name.

    Attributes:
        root: The folder; of a layout that is one file, the scratch name of that file.
    """

    def __init__(self, root: Path, *, copy: bool = False) -> None:
        """Names the folder.

        Args:
            root: See the class.
            copy: Whether files of the source are copied where they could be linked.
        """
        self.root = root
        self._copy = copy

    def folder(self, name: str) -> Path:
        """Makes a folder, and returns it; one that is there stays as it is.

        Args:
            name: Relative to the root, with ``/``.

        Raises:
            StoreError: If the disk is full or not writable.
        """
        path = self.root / name
        with disk_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, name: str, data: Data | str) -> Path:
        """Writes a file; its folder is made where it is missing.

        Args:
            name: Relative to the root, with ``/``.
            data: Its content; text as UTF-8.

        Raises:
            StoreError: If the disk is full or not writable.
        """
        path = self._new(name)
        with disk_errors(path):
            path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def put(self, name: str, picture: Picture) -> Path:
        """Gives a picture its file: a hard link where there is one that holds it, else a PNG.

        Args:
            name: Relative to the root, with ``/``.
            picture: Which; it knows this file afterwards, if it knew none.

        Raises:
            StoreError: If the disk is full or not writable.
        """
        if picture.file is None:
            picture.file = self.write(name, picture.png())
            return picture.file
        return self.link(name, picture.file)

    def link(self, name: str, file: Path) -> Path:
        """Gives a file a name here: a hard link where the disk allows it, else a copy.

        Args:
            name: Relative to the root, with ``/``.
            file: A file of the source, or one that was written here.

        Raises:
            StoreError: If it cannot be read, or the disk is full or not writable.
        """
        path = self._new(name)
        with disk_errors(path):
            if not self._copy:
                try:
                    os.link(file, path)
                except OSError:  # another disk, or one that knows no links, or has no more of them: a copy is as good
                    pass
                else:
                    return path
            shutil.copyfile(file, path)
        return path

    def _new(self, name: str) -> Path:
        """Returns the path of a file that is not there yet; two of one name would be one lost."""
        path = self.root / name
        self.folder(os.path.dirname(name))
        if os.path.lexists(path):
            raise StoreError(f"two files of this export would be {name}; export the splits or scenes one by one")
        return path


@contextmanager
def writing(path: Path, *, is_file: bool, copy: bool, overwrite: bool) -> Iterator[Target]:
    """Gives a target to write to; it takes its real name when the block ends well.

    Until then all is in ``.<name>.work`` beside it, which a killed run leaves and the next one empties; of two runs at
    once the second is refused.

    Args:
        path: The real path of the folder or file.
        is_file: Whether it is one file.
        copy: See :class:`Target`.
        overwrite: Whether what an earlier export wrote there is replaced.

    Raises:
        UsageError: If something is there that may not be replaced.
        StoreError: If another export is writing it, or the disk is full or not writable.
    """
    _check_free(path, is_file=is_file, overwrite=overwrite)
    with _locked_folder(path) as work:
        _check_free(path, is_file=is_file, overwrite=overwrite)  # one that ran until now may have put it there
        made = work / path.name
        if not is_file:
            made.mkdir()
        yield Target(made, copy=copy)
        if is_file:
            put_whole(made, path)
            return
        put_folder_whole(made, path, replace=overwrite)


@contextmanager
def _locked_folder(path: Path) -> Iterator[Path]:
    """Gives the folder ``.<name>.work``, empty but for its lock; it is gone afterwards."""
    make_folder(path.parent)
    folder = path.with_name(f".{path.name}.work")
    if folder.is_symlink():
        raise StoreError(f"{folder} is a link, and what it leads to would be emptied; remove it and run again")
    with disk_errors(path):
        folder.mkdir(exist_ok=True)
    lock = Lock(folder / LOCK, holder="another export", of=path)
    lock.acquire()
    try:
        with disk_errors(path):
            empty_folder(folder, but=LOCK)
            yield folder
    finally:
        with suppress(OSError):  # an error that led here is the one to report
            empty_folder(folder, but=LOCK)
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _check_free(path: Path, *, is_file: bool, overwrite: bool) -> None:
    """Refuses to replace what is not an earlier export, or what may not be replaced."""
    with disk_errors(path):
        if not os.path.lexists(path):
            return
        if path.is_symlink():
            raise UsageError(f"--output {path} is a link; name the place that it leads to")
        if is_file != path.is_file():
            kind = "file" if is_file else "folder"
            raise UsageError(f"--output {path}: this layout is one {kind}, and that is none; choose another name")
        if not is_file:
            if not any(path.iterdir()):
                return
            if overwrite and not (path / RECORD).is_file():
                raise UsageError(f"--output {path} is no export of changen (it has no {RECORD}); choose another folder")
        if not overwrite:
            raise UsageError(f"--output {path} is there already; choose another, or give --overwrite")
