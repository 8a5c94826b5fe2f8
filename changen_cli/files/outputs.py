"""Files of an output: written under a scratch name in it, synced, renamed; noted with their checksums.

The scratch name lies in ``<root>/.changen/tmp``, and several files are written first and synced together afterwards,
which costs much less than one by one. An object store needs none of that: an object is there whole or not at all, and
so it is put under its real name, several at a time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from changen_cli.errors import StoreError
from changen_cli.files import objects
from changen_cli.files.checksums import Checksum, Data, checksum, checksum_file, forget, note
from changen_cli.files.disk import disk_errors, sync_file, sync_folder
from changen_cli.files.places import ObjectPath

HOME = ".changen"
"""Folder inside an output where changen keeps its own records; its presence marks an output of changen."""


PUTS = 8
"""Most objects that are on their way to a store at a time."""

_part: ContextVar[str] = ContextVar("part", default="")


def part_scratch(part: str) -> None:
    """Gives this process a part of the folder for unfinished files, so that others can write the same output.

    Args:
        part: Name of the part; empty for the whole folder again.
    """
    _part.set(part)


def scratch_folder(root: Path) -> Path:
    """Returns the folder for unfinished files, or this process's part of it; it is emptied when a run opens."""
    return root / HOME / "tmp" / _part.get()


def half_done_folder(root: Path) -> Path:
    """Returns the folder for what a killed run goes on from; it is kept until the run ends."""
    return root / HOME / "half-done"


def write_files(root: Path, files: Iterable[tuple[Path, Data]]) -> None:
    """Writes files so that each appears under its name whole; on a disk, nothing appears before all of them are on it.

    Args:
        root: The output.
        files: Path inside ``root`` and content; taken one by one, so a generator keeps memory flat. What is there
            under such a path is replaced.

    Raises:
        StoreError: If the disk is full or not writable. No scratch file stays behind.
    """
    if isinstance(root, ObjectPath):
        _put_objects(root, files)
        return
    with disk_errors(root), scratch(root) as folder:
        staged = []
        for number, (path, data) in enumerate(files):
            temporary = folder / f"{number:06d}"
            temporary.write_bytes(data)
            staged.append((temporary, path, checksum(data)))
        folders = sorted({path.parent for _, path, _ in staged})
        _refuse_linked(root, folders)
        for temporary, _, _ in staged:
            sync_file(temporary)
        for temporary, path, found in staged:
            os.replace(temporary, path)
            note(path, found)
        for parent in folders:
            sync_folder(parent)


def write_folders(root: Path, folders: Iterable[tuple[Path, Iterable[tuple[str, Data]]]]) -> None:
    """Writes folders of files so that each folder appears under its name whole.

    Args:
        root: The output.
        folders: Path inside ``root``, which must not exist, and the name and content of each file in it.

    Raises:
        StoreError: If the disk is full or not writable. No scratch file stays behind.
    """
    with disk_errors(root), scratch(root) as work:
        staged = []
        for number, (path, files) in enumerate(folders):
            temporary = work / f"{number:06d}"
            temporary.mkdir()
            sums: dict[str, Checksum] = {}
            for name, data in files:
                (temporary / name).write_bytes(data)
                sums[name] = checksum(data)
            staged.append((temporary, path, sums))
        parents = sorted({path.parent for _, path, _ in staged})
        _refuse_linked(root, parents)
        for temporary, _, _ in staged:
            for file in sorted(temporary.iterdir()):
                sync_file(file)
            sync_folder(temporary)
        for temporary, path, sums in staged:
            os.rename(temporary, path)
            for name, found in sums.items():
                note(path / name, found)
        for folder in parents:
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
    with disk_errors(root), scratch(root) as folder:
        temporary = folder / path.name
        yield temporary
        found = checksum_file(temporary)
        if isinstance(path, ObjectPath):
            objects.put(path.address, temporary)
            note(path, found)
            return
        sync_file(temporary)
        _refuse_linked(root, [path.parent])
        os.replace(temporary, path)
        note(path, found)
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
    with disk_errors(root), scratch(root) as folder:
        temporary = folder / path.name
        temporary.mkdir()
        yield temporary
        sums: dict[str, Checksum] = {}
        for file in sorted(temporary.iterdir()):
            sync_file(file)
            sums[file.name] = checksum_file(file)
        sync_folder(temporary)
        _refuse_linked(root, [path.parent])
        os.rename(temporary, path)
        for name, found in sums.items():
            note(path / name, found)
        sync_folder(path.parent)


def remove_folder(root: Path, path: Path) -> None:
    """Deletes a folder of an output and all that is in it; a killed process leaves it whole, or not there at all.

    Args:
        root: The output.
        path: The folder; one that is not there is no error.

    Raises:
        StoreError: If it is a link, or cannot be deleted.
    """
    if not os.path.lexists(path):
        return
    _refuse_linked(root, [path])
    with disk_errors(path), scratch(root) as folder:
        names = [path / name for name in os.listdir(path)]
        os.rename(path, folder / "removed")
        for name in names:
            forget(name)
        sync_folder(path.parent)
        shutil.rmtree(folder)


def refuse_links(root: Path) -> None:
    """Refuses an output that has a link in place of any of its folders, before what is behind it is deleted.

    Raises:
        StoreError: If there is one; the message names it.
    """
    if isinstance(root, ObjectPath):
        return
    for folder, folders, _ in os.walk(root):
        _refuse_linked(Path(folder), [Path(folder, name) for name in folders])


def _refuse_linked(root: Path, folders: Iterable[Path]) -> None:
    """Refuses to write through a link that lies between an output and one of its files; the output may be a link."""
    for folder in folders:
        while folder != root and folder != folder.parent:
            if folder.is_symlink():
                raise StoreError(
                    f"{folder} is a link to another folder; changen writes and deletes only inside its output: remove "
                    "the link and run the same command again"
                )
            folder = folder.parent


def clear_scratch(root: Path) -> None:
    """Deletes what killed runs left unfinished.

    Raises:
        StoreError: If something there cannot be deleted.
    """
    if isinstance(root, ObjectPath):
        return
    folder = scratch_folder(root)
    with disk_errors(folder):
        _refuse_linked(root, [folder])
        if folder.is_dir():
            shutil.rmtree(folder)


def clear_half_done(root: Path, name: str = "") -> None:
    """Deletes what was kept to go on from: all of it, or one folder of it.

    Raises:
        StoreError: If something there is a link or cannot be deleted.
    """
    if isinstance(root, ObjectPath):
        return
    folder = half_done_folder(root) / name
    with disk_errors(folder):
        _refuse_linked(root, [folder])
        if folder.is_dir():
            shutil.rmtree(folder)


def _put_objects(root: Path, files: Iterable[tuple[Path, Data]]) -> None:
    """Puts objects into a store, a few at a time; all of them are there when it returns."""
    with disk_errors(root), ThreadPoolExecutor(PUTS) as pool:
        waiting: deque[tuple[Path, Checksum, Future[None]]] = deque()

        def settle(most: int) -> None:
            while len(waiting) > most:
                path, found, done = waiting.popleft()
                done.result()
                note(path, found)

        for path, data in files:
            assert isinstance(path, ObjectPath), f"{path} is not in {root}"
            waiting.append((path, checksum(data), pool.submit(objects.put, path.address, data)))
            settle(PUTS)
        settle(0)


@contextmanager
def scratch(root: Path) -> Iterator[Path]:
    """Gives a folder of this machine to one piece of work on an output; what is in it afterwards is deleted.

    It is on the disk of the output, or in the system's folder for temporary files where that is an object store.

    Args:
        root: The output.

    Yields:
        The folder, empty.
    """
    if isinstance(root, ObjectPath):
        with tempfile.TemporaryDirectory(prefix="changen-") as name:
            yield Path(name)
        return
    parent = scratch_folder(root)
    _refuse_linked(root, [parent])
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        # An error that led here is the one to report; clear_scratch deletes what stays.
        shutil.rmtree(folder, ignore_errors=True)
