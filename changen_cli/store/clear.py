"""Starting again: deleting what changen wrote into an output, and only that."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from changen_cli.files import (
    HOME,
    clear_half_done,
    disk_errors,
    make_folder,
    refuse_links,
    remove_files,
    remove_folder_if_empty,
    write_files,
)
from changen_cli.store.arguments import inputs_paths, run_path
from changen_cli.store.ends import ends_path
from changen_cli.store.footprints import clear_footprints
from changen_cli.store.formats.registry import clear_formats
from changen_cli.store.manifest import NAME as MANIFEST
from changen_cli.store.planned import plan_path
from changen_cli.store.tables.conditions import NAME as CONDITIONS
from changen_cli.store.tables.looks import NAME as LOOKS

_SHARD_FILE = re.compile(r"\d{6,}\.(?:json|parquet|looks\.parquet|conditions\.parquet)")


def is_cleared_in_part(root: Path) -> bool:
    """Whether a killed run had begun to delete what is in an output: the rest goes, whatever is asked now."""
    return _marker(root).exists()


def clear_output(root: Path, keep: Collection[Path] = ()) -> None:
    """Deletes what changen wrote; a run that is killed meanwhile leaves a mark, so that the next one ends the work.

    The manifest and the records go first, so that nothing looks done that is gone.

    Args:
        root: The output, locked.
        keep: Footprints that were read for the run that starts.

    Raises:
        StoreError: If a folder of it is a link, or something cannot be deleted.
    """
    refuse_links(root)
    make_folder(root / HOME)
    write_files(root, [(_marker(root), b"")])
    remove_files([root / MANIFEST])
    shards = root / HOME / "shards"
    with disk_errors(shards):
        files = [path for path in shards.iterdir() if _SHARD_FILE.fullmatch(path.name)] if shards.is_dir() else []
    remove_files(sorted(files, key=lambda path: (path.suffix != ".json", path.name)))
    remove_folder_if_empty(shards)
    clear_formats(root)
    clear_half_done(root)
    clear_footprints(root, keep)
    tables = [root / name for name in ("samples.parquet", "events.parquet", LOOKS, CONDITIONS)]
    remove_files([*tables, *inputs_paths(root), plan_path(root), ends_path(root), run_path(root)])
    remove_files([_marker(root)])


def _marker(root: Path) -> Path:
    """Returns the file that is there while an output is being cleared."""
    return root / HOME / "clearing"
