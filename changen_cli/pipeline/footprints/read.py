"""The pass before the plan: footprints of scenes that have none are read from their images, and kept in the output.

``scenes/`` knows no network, so what it opens is a vector file like any other: one a scene, in ``.changen/footprints/``
of the output. A run that goes on finds it there, workers only read it, and it counts in the fingerprint of the run. Its
name has a digest of the image and of all that decides how it was read, so none is taken for another.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import geopandas
import shapely

from changen_cli.device import resolve_device
from changen_cli.errors import SceneError, StoreError, TileError
from changen_cli.files import checksum_file, disk_errors, place
from changen_cli.models import segmenter
from changen_cli.models.segmenter import Segmenter
from changen_cli.options import as_manifest
from changen_cli.pipeline.fingerprint import ends_of
from changen_cli.pipeline.footprints.segment import WINDOWS, segment
from changen_cli.pipeline.footprints.words import describe, how_good
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.plan import Find, LeaveOut
from changen_cli.reporter import Progress, Reporter
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.footprints.tangles import Geometries
from changen_cli.scenes.scene import Scene, open_scene
from changen_cli.scenes.source import LabelSource, SceneSource, is_remote
from changen_cli.store.arguments import read_run, refuse_others
from changen_cli.store.clear import is_cleared_in_part
from changen_cli.store.ends import ends_path, read_ends
from changen_cli.store.footprints import (
    clear_footprints,
    footprints_folder,
    list_footprints,
    reading_bytes,
    reading_path,
    write_footprints,
)
from changen_cli.store.journal import Journal
from changen_cli.store.sealed import to_json
from changen_cli.weights.load import load_network


def finder(options: GenerateOptions, reporter: Reporter) -> Find | None:
    """Returns what finds the scenes of a run and reads the footprints of those that have none; None if not asked for.

    Args:
        options: The arguments.
        reporter: Told how far it is, and how good footprints are that are read.
    """
    if not options.reads_footprints:
        return None
    return lambda resolved, leave_out: read_footprints(resolved, reporter, leave_out)


def read_footprints(options: GenerateOptions, reporter: Reporter, leave_out: LeaveOut) -> list[SceneSource]:
    """Finds the scenes of a run, and reads the footprints of those that have none, unless that is done.

    Scenes that have footprints beside them, or in ``masks``, keep them: what somebody drew is better.

    Args:
        options: The arguments.
        reporter: Told how far it is, and how good they are.
        leave_out: Told of a scene that cannot be read.

    Returns:
        The scenes, each with labels.

    Raises:
        WeightsError: If the weights of the segmenter are missing, damaged or of another network.
        StoreError: If the output is none of changen, is in use, was made with other arguments, or cannot be written.
        SceneError: If an input cannot be used.
    """
    sources = find_scenes(options.inputs, masks=options.masks, require_labels=False)
    bare = [source for source in sources if source.labels is None]
    own = len(sources) - len(bare)
    if not bare:
        reporter.say("--footprints auto: every scene has footprints of its own, and none are read")
        return sources
    device = resolve_device(options.device)
    network, card = load_network(options.footprint_weights, device, segmenter.MODEL)
    reading = describe(card, device, options.read_options())
    root = place(options.output)
    found: dict[str, SceneSource] = {}
    for source in bare:
        try:
            found[source.id] = _labelled(source, root, reading)
        except SceneError as error:
            leave_out(source, error)
    reporter.say(how_good(card, len(found), own, footprints_folder(root)))
    missing = [source for source in found.values() if not _is_there(_path(source), root)]
    if missing or not _is_there(reading_path(root), root):
        with Journal(root).claim():
            _make_room(root, options, reading, [_path(source) for source in found.values()])
            count = 0
            for number, source in enumerate(missing):
                told = partial(_tell, reporter, number, len(missing), source.id)
                try:
                    with open_scene(replace(source, labels=None), options.read_options()) as scene:
                        outlines = _segment(scene, network, device, told)
                        count += len(outlines)
                        write_footprints(root, [(_path(source).name, _file(outlines, scene))])
                except (SceneError, TileError) as error:
                    del found[source.id]
                    leave_out(source, error)
            reporter.progress(Progress("footprints", len(missing), len(missing), "scenes", f"{count} footprints read"))
    return [found.get(s.id, s) for s in sources if s.labels is not None or s.id in found]


def _labelled(source: SceneSource, root: Path, reading: Mapping[str, Any]) -> SceneSource:
    """Names the file of a scene."""
    digest = hashlib.blake2b(to_json(reading), digest_size=6)
    digest.update(source.image.encode("utf-8", "surrogateescape") if is_remote(source.image) else _content(source))
    path = footprints_folder(root) / f"{source.id}-{digest.hexdigest()}.parquet"
    return replace(source, labels=LabelSource("read", str(path), recorded=path.relative_to(root).as_posix()))


def _content(source: SceneSource) -> bytes:
    try:
        return ends_of(source.image)[1]
    except OSError as error:
        raise SceneError(f"{source.image}: cannot be read: {error.strerror or error}; check the path") from error


def _path(source: SceneSource) -> Path:
    assert source.labels is not None, "of those that are read"
    return Path(source.labels.path)


def _is_there(path: Path, root: Path) -> bool:
    """Whether a file is there, and in a finished output what was written."""
    if not path.is_file():
        return False
    try:
        wanted = read_ends(root).get(path.relative_to(root).as_posix()) if ends_path(root).exists() else None
    except StoreError:
        return True
    with disk_errors(path):
        return wanted is None or checksum_file(path) == wanted


def _make_room(root: Path, options: GenerateOptions, reading: Mapping[str, Any], wanted: Sequence[Path]) -> None:
    """Refuses to read into an output of other arguments; deletes what a run has left that never got so far."""
    data, path = reading_bytes(reading), reading_path(root)
    begun = None if options.overwrite or is_cleared_in_part(root) else read_run(root)
    if begun is not None:
        asked = {name: value for name, value in as_manifest(options).items() if name in begun}
        refuse_others(root, {name: begun[name] for name in asked}, asked, {})
        others = [one for one in list_footprints(root) if one not in wanted and one != path]
        if others or (path.exists() and path.read_bytes() != data and not _is_damaged(path, root)):
            raise StoreError(
                f"{root} was begun with other footprints: the segmenter, changen, or an image has changed since; bring "
                "back what it was, use --overwrite to start again, or choose another --output"
            )
    elif not options.overwrite:
        clear_footprints(root, {path, *wanted})
    write_footprints(root, [(path.name, data)])


def _is_damaged(path: Path, root: Path) -> bool:
    return ends_path(root).exists() and not _is_there(path, root)


def _segment(scene: Scene, network: Segmenter, device: str, told: Callable[[int, int], None]) -> Geometries:
    total = WINDOWS.blocks(scene.height, scene.width)
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        told(done, total)

    return segment(scene, network, device, count)


def _tell(reporter: Reporter, number: int, scenes: int, name: str, done: int, total: int) -> None:
    reporter.progress(Progress("footprints", number, scenes, "scenes", f"reading footprints of {name}: {done}/{total}"))


def _file(outlines: Geometries, scene: Scene) -> bytes:
    """Returns a GeoParquet file, in the CRS of the scene, or in pixels where it has none."""
    crs = None
    if scene.crs is not None and scene.transform is not None:
        a, b, c, d, e, f = tuple(scene.transform)[:6]
        matrix = [[a, d], [b, e]]
        outlines = shapely.transform(outlines, lambda points: points @ matrix + (c, f))
        crs = scene.crs.to_wkt()
    buffer = io.BytesIO()
    geopandas.GeoDataFrame(geometry=outlines, crs=crs).to_parquet(buffer, compression="zstd", index=False)
    return buffer.getvalue()
