"""How an output was made: the options, as it recorded them of its own run."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from changen_cli.errors import StoreError, UsageError
from changen_cli.files import HOME
from changen_cli.options import build, info
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.store.arguments import read_run
from changen_cli.store.manifest import NAME as MANIFEST
from changen_cli.store.manifest import read_manifest
from changen_cli.store.tables.looks import NAME as LOOKS
from changen_cli.texts import read_text

SERIES = "series"
"""Folder of a recipe that holds what the output says of itself."""

MOST_OF_MANIFEST = 1_000_000_000
"""Most bytes of a manifest: it lists the scenes of the run."""


def recorded_options(root: Path, **others: object) -> GenerateOptions:
    """Returns the options that an output was made with, as it recorded them.

    Args:
        root: The output folder.
        **others: Options that it does not record.

    Raises:
        StoreError: If it recorded none that can be read.
        UsageError: If one cannot be used.
    """
    arguments = recorded_arguments(root)
    try:
        values = _values(root, arguments)
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{root} does not record how it was made: no {error}; run generate again") from error
    return build(GenerateOptions, {**values, **others}, f"options recorded in {root}")


def manifest_values(path: Path) -> dict[str, object] | None:
    """Returns the options that a manifest records, so that another run can be made with them.

    Args:
        path: A file, or the folder of an output or of a recipe.

    Returns:
        Values by name of field, all but where the output goes; None if the file is no manifest.

    Raises:
        UsageError: If a folder has no manifest, or the manifest does not say how the output was made.
    """
    file = path
    if path.is_dir():
        found = [path / name for name in (MANIFEST, f"{SERIES}/{MANIFEST}") if (path / name).is_file()]
        if not found:
            raise UsageError(f"{path} is a folder without a {MANIFEST}: no output that is finished, and no recipe")
        file = found[0]
    elif path.suffix != ".json":
        return None
    try:
        manifest = json.loads(read_text(file, most=MOST_OF_MANIFEST))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file} cannot be read as a manifest: {' '.join(str(error).split())}") from error
    if not isinstance(manifest, dict) or "arguments" not in manifest:
        return None
    try:
        values = _values(file.parent, manifest["arguments"])
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{file} does not say how its output was made: no {error}") from error
    for decided in ("output", "suited"):  # the new run has a place of its own, and may be given other weights
        del values[decided]
    return {name: value for name, value in values.items() if value is not None}


def require_list(root: Path, options: GenerateOptions) -> None:
    """Refuses to wait for a list on standard input where nobody gives one.

    Args:
        root: The output, for the message.
        options: That it was made with.

    Raises:
        StoreError: If its input came from standard input, and that is a terminal now.
    """
    if "-" in options.inputs and sys.stdin.isatty():
        raise StoreError(f"{root} was made from a list on standard input; give that list there again")


def _values(root: Path, arguments: Mapping[str, Any]) -> dict[str, object]:
    """Turns what a run records of itself back into options."""
    events, conditions = arguments["schedule"]["events"], arguments.get("conditions", [])
    synthesizer = arguments["synthesizer"]
    looks = (root / LOOKS).exists() or any((root / HOME / "shards").glob("*.looks.parquet"))
    return {
        **{field.name: arguments[field.name] for field in fields(GenerateOptions) if info(field).recorded},
        "output": str(root),
        "events": {event["name"]: event["weight"] for event in events},
        "event_options": {event["name"]: event["parameters"] for event in events},
        "changes_per_step": tuple(arguments["schedule"]["changes_per_step"]),
        "conditions": {one["name"]: None for one in conditions} or "none",
        "condition_options": {one["name"]: one["parameters"] for one in conditions},
        "synthesizer": synthesizer["name"],
        "weights": synthesizer.get("weights"),
        "drift": arguments["drift"] if looks else None,
        "new_looks": arguments["new_looks"] if looks else None,
        "repaint": arguments.get("repaint") if looks else None,
        "looks": arguments.get("looks"),
        "mask_values": arguments.get("mask_values", "auto"),
        "split_by": arguments.get("split_by", "scene"),
        "suited": arguments.get("suited"),
        "class_attribute": arguments.get("class_attribute"),
        "class_name": tuple(arguments.get("class_name", ())),
        "mosaic": "mosaic" in arguments,
        "device": arguments["device"],
        "precision": arguments["precision"],
        "shard_samples": arguments["shard_samples"],
    }


def recorded_arguments(root: Path) -> Mapping[str, Any]:
    """Reads the arguments of a run; where ``run.json`` is damaged, those that the manifest repeats.

    Args:
        root: The output folder.

    Raises:
        StoreError: If there are none.
    """
    try:
        arguments = read_run(root)
    except StoreError:
        arguments = None
    if arguments is None:
        arguments = read_manifest(root).get("arguments")
    if not isinstance(arguments, dict):
        raise StoreError(f"{root} does not record how it was made; run generate again, with --overwrite")
    return arguments
