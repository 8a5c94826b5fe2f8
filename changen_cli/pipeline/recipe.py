"""A recipe of a series: all that an output is but its pixels, so that whoever has the sources can make it again.

Imagery may often not be passed on (xBD, for one). A recipe may: it is a folder with

- ``recipe.json``: every source file with its size and checksum, and the processor that computed;
- ``series/``: what the output says of itself: manifest (options, seed, versions, weights with their SHA-256, device,
  precision, threads), plan, tables of samples, events, looks and conditions, and the checksum of every file;
- ``sketches.parquet``: of every series digests of labels and images, and what tells how far other images are from them
  (:mod:`changen_cli.store.sketches`).

:func:`~changen_cli.pipeline.replay.replay` makes the series from it.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from changen_cli.errors import ChangenError, SceneError, StoreError
from changen_cli.files import Checksum, checksum_file, disk_errors, put_folder_whole, work_folder, write_whole
from changen_cli.pipeline.fingerprint import fingerprint_files
from changen_cli.pipeline.footprints.read import finder
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.plan import Plan, make_plan
from changen_cli.pipeline.recorded import SERIES, recorded_arguments, recorded_options, require_list
from changen_cli.reporter import Progress, Reporter, Silent
from changen_cli.scenes.source import LabelKind, SceneSource, is_remote
from changen_cli.store.arguments import run_path
from changen_cli.store.ends import ends_path, read_ends
from changen_cli.store.footprints import list_footprints
from changen_cli.store.manifest import NAME as MANIFEST
from changen_cli.store.manifest import read_manifest, read_store
from changen_cli.store.records import record_path
from changen_cli.store.sealed import seal, unseal
from changen_cli.store.series import SeriesDataset
from changen_cli.store.sketches import Sketch, sketch_series, write_sketches
from changen_cli.store.tables.looks import NAME as LOOKS
from changen_cli.store.verify import verify
from changen_cli.types import Split

NAME = "recipe.json"
SKETCHES = "sketches.parquet"
TABLES = ("samples.parquet", "events.parquet", "looks.parquet", "conditions.parquet")

VERSION = 1


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that a series was made of.

    Attributes:
        path: As the run named it.
        checksum: Size and XXH3 digest; None of what is no local file.
    """

    path: str
    checksum: str | None = None

    @property
    def file(self) -> str:
        """The file itself, without the name of a layer."""
        return self.path.partition("|layername=")[0]


@dataclass(frozen=True, slots=True)
class SourceScene:
    """A scene that a series was made of.

    Attributes:
        id: Of the scene.
        image: Its raster.
        labels: Its footprints, or None.
        kind: How they are read.
        shared: Whether they serve several scenes.
        split: Its split where the folder said so.
    """

    id: str
    image: SourceFile
    labels: SourceFile | None
    kind: LabelKind | None
    shared: bool = False
    split: Split | None = None


@dataclass(frozen=True)
class SeriesRecipe:
    """A recipe that was read.

    Attributes:
        root: Its folder.
        scenes: The scenes, in order.
        others: Files of options, by name of the option: ``exclude``, ``library``, ``looks``.
        processor: What computed, if that is known.
        arguments: What decided the bytes of the output.
    """

    root: Path
    scenes: tuple[SourceScene, ...]
    others: Mapping[str, SourceFile]
    processor: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def series(self) -> Path:
        """The output without its pixels."""
        return self.root / SERIES

    @property
    def sketches(self) -> Path:
        """The table of sketches."""
        return self.root / SKETCHES

    def files(self) -> list[SourceFile]:
        """Lists the sources, each once; footprints that were read from images are in the recipe and no sources."""
        labels = [scene.labels for scene in self.scenes if scene.labels is not None and scene.kind != "read"]
        return list(dict.fromkeys([*(scene.image for scene in self.scenes), *labels, *self.others.values()]))


_SCENES = TypeAdapter(tuple[SourceScene, ...])
_OTHERS = TypeAdapter(dict[str, SourceFile])


def write_recipe(
    store: Path | str,
    output: Path | str,
    reporter: Reporter | None = None,
    *,
    plan: Plan | None = None,
) -> Path:
    """Writes the recipe of a finished output: everything but pixels.

    The output is verified first, and its sources must be there and be what it was made of, since they are summed up.

    Args:
        store: The output folder.
        output: The folder of the recipe; a recipe that is there is replaced.
        reporter: Told how far it is.
        plan: Of the run that has just made the output; it is not verified then, and its sources are not looked for.

    Returns:
        The folder.

    Raises:
        StoreError: If the output is not finished or damaged, its sources are not what they were, or the recipe cannot
            be written.
        ChangenError: If its sources cannot be found.
    """
    root, output, reporter = Path(store), Path(output), reporter or Silent()
    _refuse(root, output)
    if plan is None:
        found = verify(root, reporter)
        if not found.whole:
            raise StoreError(
                f"{root} is not what was written: {found.problems[0]}; try: changen verify {root} --repair"
            )
    arguments = recorded_arguments(root)
    options = recorded_options(root)
    sources = _sources(root, options, plan, arguments)
    with work_folder(output) as work:
        folder = work / "recipe"
        with disk_errors(output):
            (folder / SERIES).mkdir(parents=True)
        _copy(root, folder / SERIES)
        data = SeriesDataset(root)
        sketches = sketch_series(data)
        with disk_errors(output):
            write_sketches(folder / SKETCHES, _told(sketches, len(data.rows), reporter))
        write_whole(folder / NAME, seal({**sources, "processor": processor(), "version": VERSION}))
        put_folder_whole(folder, output, replace=True)
    return output


def read_recipe(path: Path | str) -> SeriesRecipe:
    """Reads a recipe, but for its table of sketches.

    Raises:
        StoreError: If it is none, or damaged.
    """
    root = Path(path)
    file = root / NAME
    if not file.is_file():
        raise StoreError(f"{root} is no recipe of a series (it has no {NAME}); changen recipe makes one of an output")
    try:
        value = unseal(file.read_bytes())
        if value["version"] != VERSION:
            raise ValueError(f"it has version {value['version']!r}, this changen reads {VERSION}")
        scenes, others = _SCENES.validate_python(value["scenes"]), _OTHERS.validate_python(value["others"])
        for one in (*(s.image for s in scenes), *(s.labels for s in scenes if s.labels), *others.values()):
            if one.checksum is not None:
                Checksum.parse(one.checksum)
        processor_then = str(value["processor"])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise StoreError(f"cannot read {file}: {first['loc']}: {first['msg']}; copy the recipe again") from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError(f"cannot read {file}: {error}; copy the recipe again") from error
    series = root / SERIES
    ends = read_ends(series)
    for name in _copied(series):
        _check(series, name, ends)
    arguments = recorded_arguments(series)
    return SeriesRecipe(root, scenes, others, processor_then, arguments)


def processor() -> str:
    """Names the processor of this machine, as far as the system does: sums may end in other bits on another one."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        models = []
    return models[0] if models else platform.processor() or platform.machine()


def _refuse(root: Path, output: Path) -> None:
    """Refuses to replace anything but a recipe, or to write one into the output that it is of."""
    read_manifest(root)
    if output.resolve().is_relative_to(root.resolve()):
        raise StoreError(f"{output} is inside {root}, where it would be an extra file; choose another folder")
    if os.path.lexists(output) and not (output / NAME).is_file():
        raise StoreError(f"{output} is there and is no recipe of a series; choose another folder")


def _sources(root: Path, options: GenerateOptions, plan: Plan | None, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Sums up the sources, having looked that they are what the output was made of."""
    if plan is None:
        require_list(root, options)
        try:
            plan = make_plan(options, Silent(), finder(options, Silent()))
        except ChangenError as error:
            raise type(error)(
                f"a recipe of {root} needs the sources that it was made of, and they cannot be used: {error}; run this "
                "in the folder from which it was generated"
            ) from error
    if fingerprint_files(plan, options) != arguments["input_files"]:
        raise StoreError(
            f"the sources of {root} are not what they were when it was made: {arguments['input_files']} then; bring "
            "them back as they were"
        )
    scenes = [asdict(_scene(source)) for source in plan.sources]
    named = {"exclude": options.exclude, "library": options.library, "looks": options.looks}
    others = {name: asdict(_file(path, name)) for name, path in named.items() if path is not None}
    return {"scenes": scenes, "others": others}


def _scene(source: SceneSource) -> SourceScene:
    labels = source.labels
    if labels is None:
        return SourceScene(source.id, _file(source.image), None, None, split=source.split)
    found = replace(_file(labels.path), path=labels.name)
    return SourceScene(source.id, _file(source.image), found, labels.kind, shared=labels.shared, split=source.split)


def _file(path: str, name: str = "") -> SourceFile:
    """Sums up a source; of earlier looks, which are an output, their table."""
    file = os.path.join(path, LOOKS) if name == "looks" else path.partition("|layername=")[0]
    if is_remote(file) or not os.path.isfile(file):
        return SourceFile(path)
    try:
        return SourceFile(path, str(checksum_file(Path(file))))
    except OSError as error:
        raise SceneError(f"{file}: cannot be read: {error.strerror or error}; check its permissions") from error


def _copied(root: Path) -> list[str]:
    """Lists what of an output stands in its recipe, by path in the output: nothing of it is a pixel."""
    manifest = read_manifest(root)
    shards = range(read_store(root, manifest).shards)
    ends = read_ends(root)
    records = [record_path(root, index).relative_to(root).as_posix() for index in shards]
    run = run_path(root).relative_to(root).as_posix()
    read = [path.relative_to(root).as_posix() for path in list_footprints(root)]
    return [MANIFEST, run, *(name for name in TABLES if name in ends), *records, *read]


def _copy(root: Path, target: Path) -> None:
    ends = read_ends(root)
    for name in _copied(root):
        with disk_errors(target):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, target / name)
        _check(target, name, ends)
    with disk_errors(target):
        seals = ends_path(root)
        shutil.copyfile(seals, target / seals.relative_to(root))


def _check(root: Path, name: str, ends: Mapping[str, Checksum]) -> None:
    """Refuses a file that is not what was written; records are sealed by themselves."""
    path = root / name
    try:
        found = checksum_file(path)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}; make the recipe, or copy it, again") from error
    if name in ends and found != ends[name]:
        raise StoreError(f"{path} has changed since it was written; make the recipe, or copy it, again")


def _told(sketches: Iterable[Sketch], total: int, reporter: Reporter) -> Iterator[Sketch]:
    for number, sketch in enumerate(sketches):
        reporter.progress(Progress("recipe", number + 1, total, "series", ""))
        yield sketch
