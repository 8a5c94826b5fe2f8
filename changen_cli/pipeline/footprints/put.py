"""Footprints that were read for one output, taken over by another that is to be equal to it."""

from __future__ import annotations

from pathlib import Path

from changen_cli.errors import StoreError
from changen_cli.files import Checksum, checksum, disk_errors
from changen_cli.store.ends import read_ends
from changen_cli.store.footprints import NAME, list_footprints, write_footprints
from changen_cli.store.journal import Journal


def put_footprints(source: Path, root: Path) -> None:
    """Puts the footprints of a finished output, or of its copy in a recipe, into an output that is not opened yet.

    Args:
        source: Where they are.
        root: Where they are needed; files there that are equal stay as they are.

    Raises:
        StoreError: If they are damaged, or the output is none of changen, in use, or cannot be written.
    """
    ends = read_ends(source)
    files = {path.relative_to(source).as_posix(): path for path in list_footprints(source)}
    wanted = [name for name in ends if Path(name).parent.name == NAME]
    contents = []
    for name in wanted:
        if name not in files:
            raise StoreError(f"{source / name} is missing; make the recipe, or copy it, again")
        with disk_errors(files[name]):
            contents.append((name, files[name].read_bytes()))
        if checksum(contents[-1][1]) != ends[name]:
            raise StoreError(f"{files[name]} has changed since it was written; make the recipe, or copy it, again")
    new = [(Path(name).name, data) for name, data in contents if not _is_equal(root / name, ends[name])]
    if new:
        with Journal(root).claim():
            write_footprints(root, new)


def _is_equal(path: Path, wanted: Checksum) -> bool:
    with disk_errors(path):
        return path.is_file() and checksum(path.read_bytes()) == wanted
