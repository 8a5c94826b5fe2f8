"""``.changen/run.json``: the arguments of a run, which another run must share to go on with its output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from changen_cli.errors import StoreError
from changen_cli.files import HOME, disk_errors
from changen_cli.store.sealed import SEAL, seal, to_json, unseal
from changen_cli.store.share import Share

NAME = "run.json"

VERSION = 2
"""Version of the layout of an output, in ``run.json`` and in the manifest; from 2 on every file has a checksum."""


def run_path(root: Path) -> Path:
    """Returns the path of the arguments."""
    return root / HOME / NAME


def inputs_path(root: Path, share: Share | None = None) -> Path:
    """Returns the path of what a run, or one worker of it, notes of its input files while it is not finished."""
    return root / HOME / ("inputs.json" if share is None else f"inputs-{share.name}.json")


def inputs_paths(root: Path) -> list[Path]:
    """Returns all such paths that there are.

    Raises:
        StoreError: If the folder cannot be read.
    """
    with disk_errors(root):
        return sorted((root / HOME).glob("inputs*.json"))


def run_bytes(arguments: Mapping[str, object]) -> bytes:
    """Returns the file of some arguments, sealed."""
    return seal({"version": VERSION, "arguments": json.loads(to_json(arguments))})


def read_run(root: Path) -> dict[str, Any] | None:
    """Reads the arguments of an output.

    Returns:
        JSON values by name; None if no run got so far as to write them.

    Raises:
        StoreError: If they are damaged, or those of a changen without checksums.
    """
    path = run_path(root)
    if not path.exists():
        return None
    try:
        data = path.read_bytes()
        run = json.loads(data)
        if isinstance(run, dict) and run.get("version") == 1 and SEAL not in run:
            raise StoreError(
                f"{root} was written by an earlier changen, without checksums; it stays readable, but cannot be gone "
                "on with, verified or repaired: use --overwrite to make it anew, or another --output"
            )
        arguments = unseal(data)["arguments"]
        if not isinstance(arguments, dict):
            raise ValueError("no arguments")
    except (OSError, ValueError, KeyError, RecursionError) as error:
        raise StoreError(f"cannot read {path}: {error}; use --overwrite to start again, or another --output") from error
    return arguments


def refuse_others(
    root: Path, found: Mapping[str, object], wanted: Mapping[str, object], remedies: Mapping[str, str]
) -> None:
    """Refuses to go on with other arguments.

    Args:
        root: The output.
        found: What it was made with.
        wanted: What is asked for now.
        remedies: What to do besides starting again, by name of the argument; ``{}`` is what it was.

    Raises:
        StoreError: If any differs; the message names up to five.
    """
    old, new = _flatten(found), _flatten(json.loads(to_json(wanted)))
    names = [name for name in sorted(old | new) if old.get(name) != new.get(name)]
    if not names:
        return
    differences = "; ".join(
        f"{name} was {old.get(name, 'not set')}, is now {new.get(name, 'not set')}" for name in names[:5]
    )
    more = f"; and {len(names) - 5} more" if len(names) > 5 else ""
    known = [remedies[name].format(old.get(name, "not set")) for name in names if name in remedies]
    cure = "".join(f"{remedy}, " for remedy in known) if len(known) == len(names) else ""
    raise StoreError(
        f"{root} was made with other arguments: {differences}{more}; "
        f"{cure}use --overwrite to start again, or choose another --output"
    )


def _flatten(value: object, name: str = "") -> dict[str, str]:
    """Returns the leaves of nested JSON objects by dotted name, each as short JSON text."""
    if isinstance(value, dict) and value:
        leaves: dict[str, str] = {}
        for key, inner in value.items():
            leaves |= _flatten(inner, f"{name}.{key}" if name else str(key))
        return leaves
    return {name: json.dumps(value, ensure_ascii=False, sort_keys=True)}
