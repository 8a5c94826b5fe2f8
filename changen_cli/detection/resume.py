"""Where ``changen detect`` keeps what is done of a run, so that one that was killed goes on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from changen_cli.detection.options import DetectOptions
from changen_cli.detection.predictors import Predictor
from changen_cli.files import disk_errors, empty_folder, make_folder, write_whole
from changen_cli.store.lock import Lock
from changen_cli.version import __version__

KEY, LOCK = "run.json", "lock"
"""Files of the folder: what the run depends on; the lock of the process that works in it."""

FREE = ("output", "vector", "min_area", "batch_size")
"""Options that no pixel depends on."""


def key_of(options: DetectOptions, predictor: Predictor, device: str) -> dict[str, object]:
    """Returns what the pixels of a run depend on: JSON values.

    An input counts by its path, its size and when it was changed; one that is not on this disk by its path.
    """
    values = {name: value for name, value in asdict(options).items() if name not in FREE}
    inputs = [_state(path) for path in (options.before, options.after)]
    key = {"changen": __version__, "options": values, "device": device, "inputs": inputs}
    made: dict[str, object] = json.loads(json.dumps({**key, "weights": predictor.card.sha256, "name": predictor.name}))
    return made


def _state(path: str) -> list[int]:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return []
    return [found.st_size, found.st_mtime_ns]


@contextmanager
def resumable_folder(path: Path, key: Mapping[str, object]) -> Iterator[Path]:
    """Gives the folder that a large result is put together in: as an earlier run of the same key left it, or empty.

    It is ``.<name>.work`` beside the result, so on its disk. It is gone when the block ends well; else it stays, and
    the next run goes on from it.

    Args:
        path: The result; its folder is made where it is missing.
        key: What the run depends on: JSON values. What was left by a run of another key is deleted.

    Yields:
        The folder.

    Raises:
        StoreError: If another run is using it, or the disk is full or not writable.
    """
    make_folder(path.parent)
    folder = path.with_name(f".{path.name}.work")
    with disk_errors(path):
        folder.mkdir(exist_ok=True)
    lock = Lock(folder / LOCK)
    lock.acquire()
    try:
        if _read(folder / KEY) != key:
            with disk_errors(path):
                # the key first: without it the rest counts for nothing
                (folder / KEY).unlink(missing_ok=True)
                empty_folder(folder, but=LOCK)
            write_whole(folder / KEY, json.dumps(key))
        yield folder
    finally:
        lock.release()
    shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path) -> object:
    """Returns what a JSON file holds; None where there is none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
