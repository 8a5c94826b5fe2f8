"""``.changen/footprints/``: footprints that were read from images, which an output was made of.

One GeoParquet file a scene, and ``reading.json``, which says how they were read. They are part of the output, so that
a run goes on, and is made again, from the same footprints whatever computes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from changen_cli.errors import StoreError
from changen_cli.files import (
    HOME,
    Checksum,
    checksum_file,
    disk_errors,
    make_folder,
    remove_files,
    remove_folder_if_empty,
    write_files,
)
from changen_cli.store.sealed import seal, unseal

NAME = "footprints"
READING = "reading.json"


def footprints_folder(root: Path) -> Path:
    """Returns the folder of the footprints of an output."""
    return root / HOME / NAME


def reading_path(root: Path) -> Path:
    """Returns the path of what says how they were read."""
    return footprints_folder(root) / READING


def list_footprints(root: Path) -> list[Path]:
    """Lists all files of the folder; none where it is missing.

    Raises:
        StoreError: If it cannot be read.
    """
    folder = footprints_folder(root)
    with disk_errors(folder):
        return sorted(folder.iterdir()) if folder.is_dir() else []


def write_footprints(root: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Writes files into the folder, each whole or not at all.

    Args:
        root: The output, locked.
        files: Name in the folder and content.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    folder = footprints_folder(root)
    make_folder(folder)
    write_files(root, [(folder / name, data) for name, data in files])


def sum_footprints(root: Path) -> dict[str, Checksum]:
    """Returns the checksums of all files of the folder, by path in the output.

    Raises:
        StoreError: If one cannot be read.
    """
    with disk_errors(footprints_folder(root)):
        return {path.relative_to(root).as_posix(): checksum_file(path) for path in list_footprints(root)}


def clear_footprints(root: Path, keep: Collection[Path] = ()) -> None:
    """Deletes the files of the folder.

    Args:
        root: The output, locked.
        keep: What stays.

    Raises:
        StoreError: If one cannot be deleted.
    """
    remove_files(path for path in list_footprints(root) if path not in keep)
    remove_folder_if_empty(footprints_folder(root))


def reading_bytes(reading: Mapping[str, Any]) -> bytes:
    """Returns the file that says how footprints were read, sealed."""
    return seal({"reading": dict(reading)})


def read_reading(root: Path) -> dict[str, Any]:
    """Reads how footprints were read.

    Returns:
        JSON values by name.

    Raises:
        StoreError: If the file is missing or damaged.
    """
    path = reading_path(root)
    try:
        reading: dict[str, Any] = json.loads(json.dumps(unseal(path.read_bytes())["reading"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError(f"cannot read {path}: {error}; run the same command again") from error
    return reading
