"""Whether the input of an unfinished run is still what its finished shards were made of.

The fingerprint of a run (:mod:`changen_cli.pipeline.fingerprint`) sees the ends of large files, not their middle. So
the record of every series has a digest of the tile as it was read, and a run notes size and date of its input files in
``.changen/inputs.json`` while it is not finished. A run that goes on reads the finished tiles of those scenes again
whose files have another date; where none has, that costs nothing.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from changen_cli.errors import SceneError, StoreError, TileError
from changen_cli.files import write_files
from changen_cli.pipeline.plan import Plan
from changen_cli.pipeline.prepare import Rereader
from changen_cli.scenes.source import SceneSource, is_remote
from changen_cli.store.arguments import inputs_path
from changen_cli.store.records import ShardRecord
from changen_cli.store.sealed import to_json
from changen_cli.store.share import Share


def changed_scenes(plan: Plan, root: Path, share: Share | None = None) -> set[int]:
    """Finds the scenes whose files have another size or date than when the run was last under way.

    Args:
        plan: The run's scenes.
        root: The output.
        share: Of a worker: other machines may see other dates of the same files.

    Returns:
        Their places in the plan; all of them where nothing was noted.
    """
    try:
        noted = json.loads(inputs_path(root, share).read_bytes())
    except (OSError, ValueError, RecursionError):
        noted = None
    if not isinstance(noted, dict):
        return set(range(len(plan.sources)))
    return {
        index
        for index, source in enumerate(plan.sources)
        if any(noted.get(path) != stamp for path, stamp in _stamps(source).items())
    }


def note_inputs(plan: Plan, root: Path, share: Share | None = None) -> None:
    """Notes size and date of every input file; what finishes the run deletes the note.

    Args:
        plan: The run's scenes.
        root: The output, locked.
        share: Of a worker.

    Raises:
        StoreError: If the disk is full or not writable.
    """
    stamps = {path: stamp for source in plan.sources for path, stamp in _stamps(source).items()}
    write_files(root, [(inputs_path(root, share), to_json(stamps))])


def refuse_changed(preparer: Rereader, record: ShardRecord, scenes: set[int], root: Path) -> None:
    """Reads the tiles of a finished shard again, and refuses to go on where one is another than it was.

    Args:
        preparer: Reads tiles.
        record: Of the shard.
        scenes: From :func:`changed_scenes`; tiles of other scenes are not read.
        root: The output.

    Raises:
        StoreError: If a tile has changed or cannot be read any more; the message names file and tile.
    """
    for sample in record.samples:
        place = preparer.task.plan.place(sample.index)
        if not sample.read or place.scene not in scenes:
            continue
        image = preparer.task.plan.sources[place.scene].image
        try:
            same = preparer.digest(sample.index) == sample.read
        except (SceneError, TileError) as error:
            raise StoreError(
                f"{image} has another date than when {root} was begun, and cannot be read again: {error}; bring it "
                "back, use --overwrite to start again, or choose another --output"
            ) from error
        if not same:
            raise StoreError(
                f"{image} has changed since {root} was begun: {sample.id} would be another now; bring back the file as "
                "it was, use --overwrite to start again, or choose another --output"
            )


def _stamps(source: SceneSource) -> dict[str, list[int]]:
    """Returns size and date of the local files of a scene."""
    stamps = {}
    for path in (source.image, source.labels.path if source.labels else ""):
        file = path.partition("|layername=")[0]
        if file and not is_remote(file) and os.path.exists(file):
            status = os.stat(file)
            stamps[file] = [status.st_size, status.st_mtime_ns]
    return stamps
