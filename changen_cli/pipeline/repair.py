"""Making anew what is damaged of an output, from the options that it recorded of its own run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from changen_cli.errors import ChangenError, StoreError
from changen_cli.files import HOME
from changen_cli.options import build, info
from changen_cli.pipeline.generate import generate
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.reporter import Reporter, Silent
from changen_cli.store.arguments import read_run
from changen_cli.store.manifest import read_manifest
from changen_cli.store.verify import Verification, verify


def repair(path: Path | str, reporter: Reporter | None = None, **speed: object) -> Verification:
    """Makes anew every damaged shard, table and piece of metadata of an output, and verifies it again.

    The shards go through the same pipeline, with the options, seed and weights that the output recorded, so they come
    out with the bytes that they had. Files that changen did not write stay, and stay a problem.

    Args:
        path: The output folder, finished, in the folder from which it was generated if its input has relative paths.
        reporter: Told how far it is, and warned.
        **speed: Options that decide only how fast or from where: ``workers``, ``batch_size``, ``weights``.

    Returns:
        What is wrong afterwards.

    Raises:
        ChangenError: If input or weights are not there or are others than they were, or the output cannot be written;
            nothing is deleted then.
    """
    root, reporter = Path(path), reporter or Silent()
    options = recorded_options(root, **speed)
    try:
        generate(options, reporter, thorough=True)
    except StoreError:
        raise
    except ChangenError as error:
        raise type(error)(
            f"{root} cannot be repaired, since what it was made of cannot be used: {error}; it was made from "
            f"{', '.join(options.inputs)}: run this in the folder from which it was generated, where that is"
        ) from error
    return verify(root, reporter)


def recorded_options(root: Path, **others: object) -> GenerateOptions:
    """Returns the options that an output was made with, as it recorded them.

    Args:
        root: The output folder.
        **others: Options that it does not record.

    Raises:
        StoreError: If it recorded none that can be read.
        UsageError: If one cannot be used, or the list of its input came from standard input and does not now.
    """
    arguments = _arguments(root)
    try:
        values = _values(root, arguments)
    except (KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{root} does not record how it was made: no {error}; run generate again") from error
    options = build(GenerateOptions, {**values, **others}, f"options recorded in {root}")
    if "-" in options.inputs and sys.stdin.isatty():
        raise StoreError(f"{root} was made from a list on standard input; give that list there again")
    return options


def _values(root: Path, arguments: Mapping[str, Any]) -> dict[str, object]:
    """Turns what a run records of itself back into options."""
    events, conditions = arguments["schedule"]["events"], arguments.get("conditions", [])
    synthesizer = arguments["synthesizer"]
    looks = any((root / HOME / "shards").glob("*.looks.parquet"))
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
        "mosaic": "mosaic" in arguments,
        "device": arguments["device"],
        "precision": arguments["precision"],
        "shard_samples": arguments["shard_samples"],
    }


def _arguments(root: Path) -> Mapping[str, Any]:
    """Reads the arguments of the run; where ``run.json`` is damaged, those that the manifest repeats."""
    try:
        arguments = read_run(root)
    except StoreError:
        arguments = None
    if arguments is None:
        arguments = read_manifest(root).get("arguments")
    if not isinstance(arguments, dict):
        raise StoreError(f"{root} does not record how it was made; run generate again, with --overwrite")
    return arguments
