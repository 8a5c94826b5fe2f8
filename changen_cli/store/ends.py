"""``.changen/files.json``: the checksum of every file of a finished output that is of no single shard.

Those are the manifest, the tables, the arguments of the run (``run.json``) and what the format wrote before the first
shard and after the last: metadata of arrays, lists. The files of a shard stand in its record.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from changen_cli.errors import StoreError
from changen_cli.files import HOME, Checksum, checksum_file, write_files
from changen_cli.store.sealed import read_checksums, seal, unseal

NAME = "files.json"

SMALL = 1 << 20
"""Bytes up to which a file that is no table is checked whenever an output is opened."""


def ends_path(root: Path) -> Path:
    """Returns the path of the checksums."""
    return root / HOME / NAME


def write_ends(root: Path, files: Mapping[str, Checksum]) -> None:
    """Writes the checksums, sealed.

    Args:
        root: The output.
        files: By path in the output, "/" between folders.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    data = seal({"files": {path: str(found) for path, found in files.items()}})
    write_files(root, [(ends_path(root), data)])


def read_ends(root: Path) -> dict[str, Checksum]:
    """Reads the checksums.

    Raises:
        StoreError: If they are missing, damaged, or those of an output that is not finished.
    """
    path = ends_path(root)
    try:
        return read_checksums(unseal(path.read_bytes())["files"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"cannot read {path}: {error}; run the same command again, or: changen verify {root} --repair"
        ) from error


def check_small_ends(root: Path) -> None:
    """Checks manifest and metadata of an output before it is read; an output that came without its records passes.

    Raises:
        StoreError: If one is missing or has changed since it was written; the message names it.
    """
    if not ends_path(root).exists():
        return
    for name, wanted in read_ends(root).items():
        if wanted.size > SMALL or name.startswith(HOME) or name.endswith(".parquet"):
            continue  # tables are read in parts, later
        path = root / name
        try:
            found = checksum_file(path)
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}; to have it made anew: {_repair(root)}") from error
        if found != wanted:
            raise StoreError(f"{path} has changed since changen wrote it; to have it made anew: {_repair(root)}")


def _repair(root: Path) -> str:
    return f"changen verify {root} --repair"
