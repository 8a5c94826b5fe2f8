"""``manifest.json``: what an output is and how it came to be.

It is written last, so a folder that has one is whole. It holds no time stamps and no durations: the same command on the
same input gives the same bytes, however often it was interrupted. The record of an unfinished run is
``.changen/run.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from changen_cli.errors import StoreError
from changen_cli.files import HOME, present, write_files
from changen_cli.store.base import StoreSpec
from changen_cli.store.sealed import to_json

NAME = "manifest.json"

_MOST = {"samples": 2**53, "steps": 100_000, "height": 2**20, "width": 2**20, "shard_samples": 2**53}
"""What no store has more of; a damaged number must not take the memory of the machine."""


class StoreEntry(TypedDict):
    """The key ``store`` of the manifest: what a reader must know. ``format`` is the name of a plugin.

    ``look_dim``, the length of a look, is there only with looks; ``conditions``, True, only where a table has them.
    """

    format: str
    version: int
    samples: int
    steps: int
    height: int
    width: int
    shard_samples: int
    look_dim: NotRequired[int]
    conditions: NotRequired[bool]


def manifest_bytes(root: Path, manifest: Mapping[str, object]) -> bytes:
    """Returns the file of a manifest.

    Args:
        root: The output, for the message.
        manifest: JSON values.

    Raises:
        StoreError: If a value is none that JSON has.
    """
    try:
        return to_json(manifest)
    except (TypeError, ValueError) as error:
        raise StoreError(f"the manifest of {root} holds a value that JSON has not: {error}") from error


def write_manifest(root: Path, data: bytes) -> None:
    """Writes the manifest; :func:`changen_cli.store.finish.finish_run` does so as its last act.

    Args:
        root: The output.
        data: From :func:`manifest_bytes`.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    write_files(root, [(root / NAME, data)])


def read_manifest(root: Path) -> dict[str, Any]:
    """Reads the manifest of a complete output.

    Returns:
        JSON values; ``store`` is a :class:`StoreEntry`.

    Raises:
        StoreError: If the folder is missing, not an output of changen, not complete, or damaged; the message tells
            these apart.
    """
    path = root / NAME
    if not present(path):
        if not root.is_dir():
            raise StoreError(f"{root} does not exist or is no folder; give the --output of a changen run")
        if (root / HOME).is_dir():
            raise StoreError(f"{root} is not complete; run the same changen command again: it goes on where it stopped")
        raise StoreError(f"{root} was not written by changen (it has no {NAME}); give the --output of a changen run")
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"cannot read {path}: {error}; run the same changen command again to write it anew") from error
    if not isinstance(manifest, dict):
        raise StoreError(f"{path} is no changen manifest; give the --output of a changen run")
    return manifest


def read_entry(root: Path, manifest: Mapping[str, Any]) -> StoreEntry:
    """Returns what a reader must know of a store; the numbers in it are not checked.

    Args:
        root: The output, for the message.
        manifest: From :func:`read_manifest`.

    Raises:
        StoreError: If the manifest does not say what the store is.
    """
    store = manifest.get("store")
    if not isinstance(store, dict) or "format" not in store:
        raise StoreError(f"{root / NAME} does not say what the store is: no {'store' if store is None else 'format'!r}")
    return cast(StoreEntry, store)


def read_store(root: Path, manifest: Mapping[str, Any]) -> StoreSpec:
    """Reads the shape of a store from its manifest.

    Args:
        root: The output, for the message.
        manifest: From :func:`read_manifest`.

    Raises:
        StoreError: If it does not say, or says what no store has.
    """
    store = read_entry(root, manifest)
    for name, most in _MOST.items():
        value = store.get(name)
        if value is None:
            raise StoreError(f"{root / NAME} does not say what the store is: no {name!r}")
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise StoreError(f"{root / NAME} is damaged: {name} {value!r} is no number from 1 to {most}")
    return StoreSpec(store["samples"], store["steps"], store["height"], store["width"], store["shard_samples"])
