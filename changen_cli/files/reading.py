"""Reading what an output holds, on a disk or in an object store."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from changen_cli.files import objects
from changen_cli.files.places import ObjectPath


def open_read(path: Path) -> BinaryIO:
    """Opens a file, or an object as a file.

    Raises:
        OSError: If it cannot be opened.
    """
    return objects.open_object(path.address) if isinstance(path, ObjectPath) else open(path, "rb")


def present(path: Path) -> bool:
    """Whether there is anything under a name, a link that leads nowhere included."""
    return path.is_file() if isinstance(path, ObjectPath) else os.path.lexists(path)


def can_be_listed(root: Path) -> bool:
    """Whether it can be found out what lies below a folder: a web server tells nobody."""
    return not isinstance(root, ObjectPath) or root.address.base.partition(":")[0] in objects.WRITABLE


def all_files(root: Path) -> Iterator[str]:
    """Yields every file and link below a folder by its path in it, "/" between folders, none but files twice.

    Raises:
        OSError: If an object store cannot be listed.
    """
    if isinstance(root, ObjectPath):
        yield from sorted(objects.keys_below(root.address))
        return
    for folder, folders, files in os.walk(root):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted([*files, *links]):
            yield Path(folder, name).relative_to(root).as_posix()
