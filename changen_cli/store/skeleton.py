"""The skeleton of a store: what its format writes before the first shard, the same for every store of a shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from changen_cli.files import Checksum, checksum_file, disk_errors, noting, scratch, write_files
from changen_cli.store.formats.base import Format


def create_store(store: Format) -> None:
    """Makes the skeleton of a store, or makes it whole again: a file of it that is not what it should be is replaced.

    Args:
        store: The store, in its format, not finished.

    Raises:
        StoreError: If an option cannot be used, or the disk is full or not writable.
    """
    store.create()
    with _model(store) as (model, files):
        for name, wanted in files.items():
            path = store.root / name
            with disk_errors(path):
                damaged = path.is_symlink() or not path.is_file() or checksum_file(path) != wanted
            if damaged:
                write_files(store.root, [(path, (model / name).read_bytes())])


def skeleton_checksums(store: Format) -> dict[str, Checksum]:
    """Returns what the files of the skeleton must be, by path in the output.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    with _model(store) as (_, files):
        return files


@contextmanager
def _model(store: Format) -> Iterator[tuple[Path, dict[str, Checksum]]]:
    """Makes the skeleton of an equal store in a scratch folder; gives the folder and the files in it."""
    with disk_errors(store.root), scratch(store.root) as model:
        with noting() as noted:
            type(store)(model, store.spec).create()
        yield model, {path.relative_to(model).as_posix(): found for path, found in noted.items()}
