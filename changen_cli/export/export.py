"""Writes an output in another layout: what ``changen export`` does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from changen_cli.export.base import Written
from changen_cli.export.options import ExportOptions
from changen_cli.export.registry import get_layout
from changen_cli.export.source import Source
from changen_cli.export.target import RECORD, writing
from changen_cli.reporter import Reporter, Silent
from changen_cli.types import Split
from changen_cli.version import __version__


@dataclass(frozen=True, slots=True)
class Exported:
    """What :func:`export_series` wrote.

    Attributes:
        path: The folder or file.
        layout: Its layout.
        written: How many of what, by split.
    """

    path: Path
    layout: str
    written: Written


def export_series(options: ExportOptions, reporter: Reporter | None = None) -> Exported:
    """Writes an output in another layout, whole or not at all.

    Args:
        options: What, how and where.
        reporter: Told how far it is, and which split has nothing.

    Returns:
        What was written.

    Raises:
        UsageError: If the layout needs what the output has not, or something else is where it should go.
        PluginError: If there is no such layout, or it cannot be used.
        StoreError: If the output cannot be read, or the disk is full or not writable.
    """
    reporter = reporter or Silent()
    layout = get_layout(options.layout)()
    source = Source(options, reporter)
    path = Path(options.output)
    with writing(path, is_file=layout.is_file, copy=options.copy, overwrite=options.overwrite) as target:
        written = layout.write(source, target, options)
        if not layout.is_file:
            target.write(RECORD, _record(source, options, written))
    empty = [split for split in Split if written.counts.get(split) == 0]
    if empty and options.split is None:
        reporter.warn(
            f"{path}: no {written.unit} in {' and '.join(empty)}: {options.series} has no series of that split; "
            "splits are shared out by scene, or inside scenes (changen generate --split-by area)"
        )
    return Exported(path, layout.name, written)


def _record(source: Source, options: ExportOptions, written: Written) -> str:
    """Says where an export comes from."""
    entry = {
        "changen": __version__,
        "layout": options.layout,
        "pairs": options.pairs,
        written.unit: written.counts,
        "source": source.manifest,
    }
    return json.dumps(entry, indent=2, sort_keys=True) + "\n"
