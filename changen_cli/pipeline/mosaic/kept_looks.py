"""The looks of a scene, kept beside its strips, so that a run that goes on need not read them again."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from changen_cli.errors import StoreError
from changen_cli.files import make_folder, write_files
from changen_cli.models.series_looks import SeriesLooks

NAME = "looks.npz"


def keep_looks(root: Path, folder: Path, read: Callable[[], SeriesLooks]) -> SeriesLooks:
    """Gives the looks that are kept in a folder, or reads and keeps them.

    Args:
        root: The output.
        folder: A folder inside it; made where it is missing.
        read: Reads them.

    Raises:
        StoreError: If they cannot be kept, or what is kept is damaged.
    """
    path = folder / NAME
    if path.exists():
        try:
            with np.load(path, allow_pickle=False) as kept:
                return SeriesLooks(kept["uids"], kept["codes"], kept["ground"])
        except (OSError, ValueError, KeyError) as error:
            raise StoreError(f"cannot read {path}: {error}; delete it and run the same command again") from error
    looks = read()
    data = io.BytesIO()
    np.savez(data, uids=looks.uids, codes=looks.codes, ground=looks.ground)
    make_folder(folder)
    write_files(root, [(path, data.getvalue())])
    return looks
