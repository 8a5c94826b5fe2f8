"""``changen replay``: a series made again from its recipe, its sources and its weights, and held against the recipe."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from changen_cli.errors import ExitCode, StoreError, WeightsError
from changen_cli.pipeline.footprints.put import put_footprints
from changen_cli.pipeline.generate import carry_out
from changen_cli.pipeline.located import locate_sources
from changen_cli.pipeline.plan import Plan
from changen_cli.pipeline.recipe import SeriesRecipe, processor, read_recipe
from changen_cli.pipeline.record import run_record
from changen_cli.pipeline.recorded import recorded_options
from changen_cli.pipeline.run import Run, resolve_run
from changen_cli.reporter import Reporter, Silent
from changen_cli.scenes.source import LabelSource, SceneSource
from changen_cli.store.ends import read_ends
from changen_cli.store.manifest import read_manifest, read_store
from changen_cli.store.records import read_record, record_path
from changen_cli.store.sealed import to_json
from changen_cli.store.series import SeriesDataset
from changen_cli.store.sketches import distance, read_sketches, sketch_series

PLACES = ("inputs", "masks", "footprints", "exclude", "library", "looks", "input_files")
"""Arguments that say where sources are: they may be elsewhere now, and the series says what it said."""

LAST_BITS = ("device", "precision", "threads", "changen")
"""Arguments on which only the last bits of images depend, if anything."""


@dataclass(frozen=True)
class Replayed:
    """How a series that was made again compares with its recipe.

    Attributes:
        root: The new output.
        series: Series that are done.
        files: Files that were compared.
        differing: Those that are not what they were, by path in the output.
        other: What is otherwise than when the recipe was made, so that bytes may differ: "threads was 8, is now 1".
        labels: Series whose labels are not what they were; they should be none.
        images: Images in all.
        images_differing: Images that are not what they were.
        rms: Estimate of the root mean square difference of all grey levels, 0..255.
        worst: Of the image that is furthest away, the same.
    """

    root: str
    series: int
    files: int
    differing: tuple[str, ...]
    other: tuple[str, ...]
    labels: tuple[str, ...] = ()
    images: int = 0
    images_differing: int = 0
    rms: float = 0.0
    worst: float = 0.0

    @property
    def identical(self) -> bool:
        """Whether every file has the bytes that it had."""
        return not self.differing

    def exit_code(self, tolerance: float = 0.0) -> ExitCode:
        """0 if all is what it was; or if labels are, and no image is further away than is tolerated."""
        close = bool(tolerance) and not self.labels and self.worst <= tolerance
        return ExitCode.DONE if self.identical or close else ExitCode.SOME_FAILED


def replay(
    recipe: Path | str,
    output: Path | str,
    inputs: Sequence[str] = (),
    reporter: Reporter | None = None,
    **others: object,
) -> Replayed:
    """Makes a series again, and compares it with what its recipe says.

    On the device, precision and number of threads that the recipe was made with the new output is the old one, byte for
    byte. With others it is made all the same, and what is returned says how far its images are from the old ones.
    Sources may be elsewhere; the new output calls them what the old one did.

    Args:
        recipe: From :func:`~changen_cli.pipeline.recipe.write_recipe`.
        output: The new output; one that was stopped is gone on with.
        inputs: Folders or files where the sources are; none: where they were.
        reporter: Told how far it is.
        **others: Options that say from where, on what and how fast: ``weights``, ``device``, ``precision``,
            ``workers``, ``batch_size``.

    Returns:
        How it compares.

    Raises:
        SceneError: If a source is missing or has changed; the message names it.
        WeightsError: If the weights are others.
        StoreError: If the recipe is damaged, or the output cannot be written.
    """
    reporter = reporter or Silent()
    found = read_recipe(recipe)
    paths = locate_sources(found.files(), inputs)
    options = recorded_options(found.series, output=str(output), **_moved(found, paths), **others)
    run = resolve_run(options, reporter, lambda _, leave_out: _scenes(found, paths, Path(output)))
    _refuse_other_weights(found, run)
    run = replace(run, plan=_as_recorded(found, run))
    now = run_record(run)
    known = {name: found.arguments[name] for name in PLACES if name in found.arguments}
    arguments: dict[str, Any] = json.loads(to_json({**now, **known}))
    other = _differences(found, arguments)
    carry_out(run, arguments, reporter)
    return _compare(found, Path(output), other)


def _moved(recipe: SeriesRecipe, paths: Mapping[str, str]) -> dict[str, object]:
    return {name: paths[file.path] for name, file in recipe.others.items()}


def _scenes(recipe: SeriesRecipe, paths: Mapping[str, str], root: Path) -> list[SceneSource]:
    """Names the scenes; footprints that were read from them are taken from the recipe, never read anew."""
    if any(scene.kind == "read" for scene in recipe.scenes):
        put_footprints(recipe.series, root)
    scenes = []
    for scene in recipe.scenes:
        labels = None
        if scene.labels is not None and scene.kind == "read":
            labels = LabelSource("read", str(root / scene.labels.path), scene.shared, scene.labels.path)
        elif scene.labels is not None and scene.kind is not None:
            labels = LabelSource(scene.kind, paths[scene.labels.path], scene.shared)
        scenes.append(SceneSource(scene.id, paths[scene.image.path], labels, scene.split, scene.image.path))
    return scenes


def _refuse_other_weights(recipe: SeriesRecipe, run: Run) -> None:
    then, now = recipe.arguments["synthesizer"], run.synthesizer.as_manifest()
    if then.get("sha256") != now.get("sha256"):
        raise WeightsError(
            f"the recipe {recipe.root} is for the weights {then.get('weights')!r} with SHA-256 {then.get('sha256')}; "
            f"{now.get('weights')!r} has {now.get('sha256')}; give the right ones with --weights"
        )


def _as_recorded(recipe: SeriesRecipe, run: Run) -> Plan:
    """Returns the plan, with its scenes called what they were; refuses other scenes."""
    manifest = read_manifest(recipe.series)
    scenes = [{name: value for name, value in one.items() if name != "tiles"} for one in manifest["scenes"]]
    described = json.loads(to_json(run.plan.described()))
    for then, now in zip_longest(scenes, described):
        if _placeless(then) != _placeless(now):
            one = then or now or {}
            reasons = "; ".join(scene["reason"] for scene in run.plan.unusable)
            raise StoreError(
                f"the scene {one.get('id')} is not what it was when the recipe {recipe.root} was made: "
                f"{reasons or now}; "
                "is this the same changen, with the same plugins?"
            )
    return replace(run.plan, scenes=tuple(scenes), unusable=tuple(manifest["unusable_scenes"]))


def _placeless(value: Any) -> Any:
    """Drops where files are from what a manifest says of a scene."""
    if isinstance(value, Mapping):
        return {name: _placeless(inner) for name, inner in value.items() if name not in ("image", "path")}
    return [_placeless(inner) for inner in value] if isinstance(value, list) else value


def _differences(recipe: SeriesRecipe, now: Mapping[str, Any]) -> tuple[str, ...]:
    """Says what is otherwise now and decides no more than last bits; refuses what decides more."""
    then = recipe.arguments
    names = [name for name in sorted({*then, *now}) if then.get(name) != now.get(name)]
    if more := [name for name in names if name not in LAST_BITS and name != "synthesizer"]:
        raise StoreError(
            f"{more[0]} is {now.get(more[0])} now and was {then.get(more[0])} when the recipe {recipe.root} was made; "
            "leave out the option that changes it, or use the changen that wrote the recipe"
        )
    found = [f"{name} was {then.get(name)}, is now {now.get(name)}" for name in names if name in LAST_BITS]
    if recipe.processor != processor():
        found.append(f"the processor was {recipe.processor}, is now {processor()}")
    return tuple(found)


def _compare(recipe: SeriesRecipe, root: Path, other: tuple[str, ...]) -> Replayed:
    """Holds an output against a recipe: checksums, and where those differ, labels and images."""
    then, now = read_ends(recipe.series), read_ends(root)
    for index in range(read_store(root, read_manifest(root)).shards):
        path = record_path(Path(), index)
        then |= read_record(recipe.series / path).files
        now |= read_record(root / path).files
    differing = tuple(name for name in sorted({*then, *now}) if then.get(name) != now.get(name))
    data = SeriesDataset(root)
    images = len(data.rows) * (data.steps + 1)
    result = Replayed(str(root), len(data.rows), len(now), differing, _versions(recipe, root, other), images=images)
    if not differing:
        return result
    labels, changed, squares, worst = [], 0, 0.0, 0.0
    for old, new in zip_longest(read_sketches(recipe.sketches), sketch_series(data)):
        if old is None or new is None or old.sample != new.sample:
            raise StoreError(f"{root} has other series than the recipe {recipe.root}; use --output for another folder")
        apart = distance(old, new)
        labels += [new.sample] if old.labels != new.labels else []
        changed, squares, worst = changed + apart.images, squares + apart.mean_square, max(worst, apart.worst)
    return replace(
        result,
        labels=tuple(labels),
        images_differing=changed,
        rms=(squares / max(result.series, 1)) ** 0.5,
        worst=worst,
    )


def _versions(recipe: SeriesRecipe, root: Path, other: tuple[str, ...]) -> tuple[str, ...]:
    """Adds which libraries are others; the manifest says so too, and differs."""
    then, now = (read_manifest(one)["versions"] for one in (recipe.series, root))
    return (
        *other,
        *(f"{name} was {then.get(name)}, is now {now[name]}" for name in now if then.get(name) != now[name]),
    )
