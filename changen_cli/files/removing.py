"""Deleting what changen wrote, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from changen_cli.files.checksums import forget
from changen_cli.files.disk import disk_errors
from changen_cli.files.places import ObjectPath


def remove_files(paths: Iterable[Path]) -> None:
    """Deletes files that may or may not be there.

    Raises:
        StoreError: If one cannot be deleted.
    """
    for path in paths:
        with disk_errors(path):
            path.unlink(missing_ok=True)
        forget(path)


def empty_folder(folder: Path, *, but: str) -> None:
    """Deletes all in a folder on this disk but one file, such as the lock that keeps others out of it.

    Links are deleted, not followed.

    Args:
        folder: The folder.
        but: Name of the file that stays.

    Raises:
        OSError: If something cannot be deleted.
    """
    for inside in folder.iterdir():
        if inside.name == but:
            continue
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside)
        else:
            inside.unlink()


def remove_folder_if_empty(path: Path) -> bool:
    """Deletes a folder that holds nothing.

    Returns:
        True if the folder is gone, False if it holds something and was left alone.

    Raises:
        StoreError: If it is empty and yet cannot be deleted.
    """
    if isinstance(path, ObjectPath):
        return True
    with disk_errors(path):
        if not path.is_dir():
            return True
        if any(path.iterdir()):
            return False
        path.rmdir()
        return True
