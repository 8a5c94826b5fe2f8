"""The plan: which samples there are, worked out from the scenes' sizes alone; nothing is listed."""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

from changen_cli.errors import ChangenError, SceneError
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.scene import open_scene
from changen_cli.scenes.source import SceneSource, is_remote
from changen_cli.scenes.window import TileGrid, Window
from changen_cli.store.base import StoreSpec
from changen_cli.store.check import SPLITS

END_BYTES = 16_384
"""How much of either end of an input file tells it from another of the same name and size."""


@dataclass(frozen=True)
class SampleRef:
    """Where a sample is.

    Attributes:
        scene: Index of the scene in the plan.
        window: The tile.
        variant: Which of the tile's futures.
        id: Id of the sample.
    """

    scene: int
    window: Window
    variant: int
    id: str


@dataclass(frozen=True)
class Plan:
    """All samples of a run: scenes in order, their tiles row by row, the variants of each tile.

    Attributes:
        sources: The scenes that could be opened.
        grids: Their tiles.
        splits: Their splits, "train", "val" or "test".
        variants: Series per tile.
        spec: Shape of the store.
        scenes: What the manifest says of each scene.
        unusable: Scenes that could not be opened: id, path and why.
    """

    sources: tuple[SceneSource, ...]
    grids: tuple[TileGrid, ...]
    splits: tuple[str, ...]
    variants: int
    spec: StoreSpec
    scenes: tuple[dict[str, Any], ...]
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
        window = self.grids[scene][tile - (ends[scene - 1] if scene else 0)]
        suffix = f"__v{variant}" if self.variants > 1 else ""
        return SampleRef(scene, window, variant, f"{self.sources[scene].id}__{window.tile_id}{suffix}")

    def shard(self, index: int) -> list[SampleRef]:
        """Lists the samples of one shard."""
        first = index * self.spec.shard_samples
        return [self.place(k) for k in range(first, min(first + self.spec.shard_samples, self.spec.samples))]


def make_plan(options: GenerateOptions, note: Callable[[str], None]) -> Plan:
    """Finds the scenes, opens each once, and works out the samples.

    Args:
        options: The run's arguments.
        note: Told of every scene that cannot be used.

    Returns:
        The plan.

    Raises:
        ChangenError: If no scene can be used; the first scene's own error.
    """
    read = options.read_options()
    sources, grids, scenes = [], [], []
    unusable: list[dict[str, str]] = []
    first_error: ChangenError | None = None
    for source in find_scenes(options.inputs, masks=options.masks, footprints=options.footprints):
        try:
            with open_scene(source, read) as scene:
                grids.append(TileGrid(scene.height, scene.width, options.tile_size, options.overlap, options.edges))
                scenes.append(scene.as_manifest())
                sources.append(source)
        except SceneError as error:
            first_error = first_error or error
            unusable.append({"id": source.id, "image": source.image, "reason": str(error)})
    if not sources:
        raise _none_usable(first_error, len(unusable), options)
    for item in unusable:
        note(f"scene {item['id']} cannot be used: {item['reason']}")
    spec = StoreSpec(
        samples=sum(len(grid) for grid in grids) * options.variants,
        steps=options.steps,
        height=options.tile_size,
        width=options.tile_size,
        shard_samples=options.samples_per_shard(),
        options={"creation_options": dict(options.creation_options), "cog": options.cog}
        if options.format == "geotiff"
        else {},
    )
    splits = share_out(sources, options.split, options.seed)
    return Plan(tuple(sources), tuple(grids), splits, options.variants, spec, tuple(scenes), tuple(unusable))


def _none_usable(first: ChangenError | None, count: int, options: GenerateOptions) -> ChangenError:
    if first is None:
        return SceneError(f"no scene in {', '.join(options.inputs)}; name a folder, a raster or a list of rasters")
    others = "" if count == 1 else f" (the first of {count} scenes, none of which can be used)"
    return type(first)(f"{first}{others}")


def share_out(sources: Sequence[SceneSource], shares: tuple[float, float, float], seed: int) -> tuple[str, ...]:
    """Gives every scene its split: as its folder says, else by shares over the scenes in an order hashed from the id.

    A scene is never cut: tiles of one place in two splits would let a detector remember it.

    Args:
        sources: The scenes.
        shares: Of train, val and test; any positive scale.
        seed: Of the order.

    Returns:
        A split for each scene. With few scenes the shares cannot be met, and train comes first.
    """

    def rank(index: int) -> bytes:
        return hashlib.blake2b(f"{seed}/{sources[index].id}".encode()).digest()

    free = sorted((i for i, s in enumerate(sources) if s.split is None), key=rank)
    splits = [s.split or SPLITS[0] for s in sources]
    bounds = [end / sum(shares) * len(free) for end in accumulate(shares)]
    for position, index in enumerate(free):
        # the middle of the scene's place on the line decides, so that one scene alone is a training scene
        splits[index] = next((name for name, end in zip(SPLITS, bounds, strict=True) if position + 0.5 <= end), "test")
    return tuple(splits)


def fingerprint_files(plan: Plan, options: GenerateOptions) -> str:
    """Sums up every local input file, so that a run is not resumed on other input.

    A file counts by its name, its size, and what its first and last bytes are: reading all of a country would take
    longer than using it, and dates change when files are copied.

    Returns:
        Number, bytes and digest in words that a message can show.

    Raises:
        SceneError: If a file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=8)
    count = size = 0
    paths = [p for s in plan.sources for p in (s.image, s.mask, s.footprints) if p]
    paths += [p for p in (options.exclude, options.library) if p]
    for path in paths:
        digest.update(path.encode("utf-8", "surrogateescape"))
        file = path.partition("|layername=")[0]
        if not is_remote(file) and os.path.exists(file):
            length, ends = _ends(file)
            digest.update(ends)
            count, size = count + 1, size + length
    return f"{count} files, {size} bytes, digest of names, sizes and ends {digest.hexdigest()}"


def _ends(path: str) -> tuple[int, bytes]:
    """Returns the size of a file, and its first and last bytes after it; of a folder (some formats are) only a size."""
    length = os.path.getsize(path)
    if os.path.isdir(path):
        return 0, b"folder"
    try:
        with open(path, "rb") as file:
            head = file.read(END_BYTES)
            file.seek(max(len(head), length - END_BYTES))
            return length, str(length).encode() + head + file.read(END_BYTES)
    except OSError as error:
        raise SceneError(f"{path}: cannot be read: {error.strerror or error}; check its permissions") from error
