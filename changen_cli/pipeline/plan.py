"""The plan: which samples there are, worked out from the scenes' sizes alone; nothing is listed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import TypeAlias

from changen_cli.errors import ChangenError, SceneError, TileError
from changen_cli.pipeline.options import AREA, GenerateOptions
from changen_cli.pipeline.remarks import remarks
from changen_cli.pipeline.splits import share_area, share_out
from changen_cli.reporter import Reporter
from changen_cli.scenes.areas import AreaGrid
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.readable import printable
from changen_cli.scenes.scene import Scene, open_scene
from changen_cli.scenes.source import SceneSource
from changen_cli.scenes.window import TileGrid, WholeScene, Window
from changen_cli.store.base import StoreSpec
from changen_cli.store.footprints import READING
from changen_cli.types import Split

LeaveOut: TypeAlias = Callable[[SceneSource, ChangenError], None]
"""Told of a scene that cannot be used, and why; raises that where the run is strict."""

Find: TypeAlias = Callable[[GenerateOptions, LeaveOut], Iterable[SceneSource]]
"""Finds the scenes of a run, given its arguments."""


@dataclass(frozen=True)
class SampleRef:
    """Where a sample is.

    Attributes:
        scene: Index of the scene in the plan.
        window: The tile.
        variant: Which of the tile's futures.
        id: Id of the sample.
        split: Its split.
    """

    scene: int
    window: Window
    variant: int
    id: str
    split: Split


@dataclass(frozen=True)
class Plan:
    """All samples of a run: scenes in order, their tiles row by row, the variants of each tile.

    Attributes:
        sources: The scenes that could be opened.
        grids: Their tiles; where they are shared out by area, with the splits of their areas.
        splits: Their splits, of those that are not shared out by area.
        variants: Series per tile.
        spec: Shape of the store.
        scenes: What the manifest says of each scene.
        unusable: Scenes that could not be opened: id, path and why.
    """

    sources: tuple[SceneSource, ...]
    grids: tuple[TileGrid | AreaGrid | WholeScene, ...]
    splits: tuple[Split, ...]
    variants: int
    spec: StoreSpec
    scenes: tuple[dict[str, object], ...]
    unusable: tuple[dict[str, str], ...] = ()

    @cached_property
    def _ends(self) -> tuple[int, ...]:
        """Number of tiles up to and with each scene."""
        return tuple(accumulate(len(grid) for grid in self.grids))

    def place(self, sample: int) -> SampleRef:
        """Finds a sample by its number on the sample axis."""
        tile, variant = divmod(sample, self.variants)
        ends = self._ends
        scene = bisect_right(ends, tile)
        grid = self.grids[scene]
        number = tile - (ends[scene - 1] if scene else 0)
        window = grid[number]
        split = grid.split_of(number) if isinstance(grid, AreaGrid) else self.splits[scene]
        name = self.sources[scene].id if isinstance(grid, WholeScene) else f"{self.sources[scene].id}__{window.tile_id}"
        suffix = f"__v{variant}" if self.variants > 1 else ""
        return SampleRef(scene, window, variant, f"{name}{suffix}", split)

    def described(self) -> list[dict[str, object]]:
        """Returns what the manifest says of each scene, with its split, or its areas with theirs."""
        return [
            {**scene, "split": AREA, "areas": grid.as_manifest()}
            if isinstance(grid, AreaGrid)
            else {**scene, "split": split}
            for scene, split, grid in zip(self.scenes, self.splits, self.grids, strict=True)
        ]

    def read_files(self) -> set[Path]:
        """Returns the files of the output that footprints were read into before the run; none where none were."""
        read = {Path(s.labels.path) for s in self.sources if s.labels is not None and s.labels.kind == "read"}
        return read | {path.with_name(READING) for path in read}

    def shard(self, index: int) -> list[SampleRef]:
        """Lists the samples of one shard."""
        first = index * self.spec.shard_samples
        return [self.place(k) for k in range(first, min(first + self.spec.shard_samples, self.spec.samples))]


def make_plan(options: GenerateOptions, reporter: Reporter, find: Find | None = None) -> Plan:
    """Finds the scenes, opens each once, and works out the samples.

    Args:
        options: The run's arguments.
        reporter: Warned of every scene that cannot be used.
        find: Finds the scenes; None for those that the options name, without footprints where these would be read.

    Returns:
        The plan.

    Raises:
        ChangenError: If no scene can be used, the first scene's own error; of a strict run, if one cannot be used.
    """
    read = options.read_options()
    sources, scenes = [], []
    grids: list[TileGrid | AreaGrid | WholeScene] = []
    unusable: list[dict[str, str]] = []
    first_error: ChangenError | None = None

    def leave_out(source: SceneSource, error: ChangenError) -> None:
        nonlocal first_error
        if options.strict:
            raise error
        first_error = first_error or SceneError(str(error))
        unusable.append({"id": source.id, "image": printable(source.image), "reason": str(error)})

    for source in _named(options, leave_out) if find is None else find(options, leave_out):
        try:
            with open_scene(source, read) as scene:
                grid = _grid(scene, source, options)
                described = scene.as_manifest()  # reads pixels, and may fail at them
                grids.append(grid)
                scenes.append(described)
                sources.append(source)
        except (SceneError, TileError) as error:
            leave_out(source, error)
    if not sources:
        raise _none_usable(first_error, len(unusable), options)
    for item in unusable:
        reporter.warn(f"scene {item['id']} cannot be used: {item['reason']}")
    spec = StoreSpec(
        samples=sum(len(grid) for grid in grids) * options.variants,
        steps=options.steps,
        height=max(grid.height for grid in grids) if options.mosaic else options.tile_size,
        width=max(grid.width for grid in grids) if options.mosaic else options.tile_size,
        shard_samples=options.samples_per_shard(),
        options=options.format_options(),
    )
    splits = share_out(sources, options.split, options.seed)
    for line in remarks(options, scenes, grids, splits):
        reporter.say(line)
    return Plan(tuple(sources), tuple(grids), splits, options.variants, spec, tuple(scenes), tuple(unusable))


def _named(options: GenerateOptions, leave_out: LeaveOut) -> list[SceneSource]:
    if options.reads_footprints:
        return find_scenes(options.inputs, masks=options.masks, require_labels=False)
    return find_scenes(options.inputs, masks=options.masks, footprints=options.footprints, bare=leave_out)


def _grid(scene: Scene, source: SceneSource, options: GenerateOptions) -> TileGrid | AreaGrid | WholeScene:
    if options.mosaic:
        return WholeScene(scene.height, scene.width)
    tiles = TileGrid(scene.height, scene.width, options.tile_size, options.overlap, options.edges)
    if options.split_by == AREA and source.split is None:
        return share_area(tiles, source.id, options.split, options.seed)
    return tiles


def _none_usable(first: ChangenError | None, count: int, options: GenerateOptions) -> ChangenError:
    if first is None:
        return SceneError(f"no scene in {', '.join(options.inputs)}; name a folder, a raster or a list of rasters")
    others = "" if count == 1 else f" (the first of {count} scenes, none of which can be used)"
    return type(first)(f"{first}{others}")
