"""Where crops come from: scenes held in memory, or, where these are too many, opened when they are drawn."""

from __future__ import annotations

import fnmatch
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from changen_cli.errors import SceneError, TileError, TrainingError
from changen_cli.events.geometry import Outline, outline_array
from changen_cli.scenes.discover import SceneSource, find_scenes
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.pool import ScenePool
from changen_cli.scenes.scene import open_scene
from changen_cli.scenes.tile import Tile
from changen_cli.scenes.window import TileGrid, Window
from changen_cli.training.config.source import DataConfig

MEMORY_BYTES = 4_000_000_000
"""Decoded size up to which all scenes of a run are held in memory; larger data sets are streamed.

xBD's ``train`` and ``tier3`` have 48 GB. Changing this changes which samples a data set of that size gives.
"""

CACHE_BYTES = 512_000_000
"""What each process that prepares crops of a streamed data set may keep of it."""

BYTES_PER_PIXEL = 5
"""Image, validity and mask."""

LARGE = 4096 * 4096
"""Pixels above which a streamed scene is cut into blocks."""

BLOCK = 2048
"""Rows and columns of a block."""


class TrainingScene:
    """A scene held in memory: its pixels, its footprints in a spatial index, its drawn mask."""

    def __init__(self, tile: Tile, outlines: Sequence[Outline], source: DataConfig) -> None:
        """Prepares a scene.

        Args:
            tile: The whole scene as one tile, or a block of it.
            outlines: Outlines that new objects may take, centred on (0, 0), in pixels of the scene.
            source: Where it came from.
        """
        self.source = source
        self.id = tile.scene
        self.image = tile.image
        self.valid = tile.valid
        self.exclusion = tile.exclusion
        self.mask, _ = tile.layout.rasterize()
        self.footprints = tile.layout.footprints
        self.polygons = np.array([f.polygon for f in self.footprints], dtype=object)
        self.index = shapely.STRtree(self.polygons)
        self.outlines = outline_array(outlines)

    @property
    def pixels(self) -> int:
        """Valid pixels."""
        return int(self.valid.sum())

    @property
    def largest_class(self) -> int:
        """Largest class of its footprints; 0 without any."""
        return max((f.category for f in self.footprints), default=0)

    @property
    def kept_bytes(self) -> int:
        """About what it takes in memory."""
        return self.image.nbytes + self.valid.nbytes + self.mask.nbytes + 1000 * len(self.footprints)

    def load(self) -> TrainingScene:
        """Returns itself."""
        return self


@dataclass(frozen=True)
class StreamedScene:
    """A scene, or a block of a large one, that is read when it is drawn.

    Attributes:
        id: Id of the scene.
        source: Where it came from.
        pixels: All its pixels, since which are valid is not known before they are read.
        window: The block, or None for the whole scene.
        place: Its number in the cache.
        cache: What reads it.
    """

    id: str
    source: DataConfig
    pixels: int
    window: Window | None
    place: tuple[int, int]
    cache: SceneCache = field(repr=False, compare=False)

    def load(self) -> TrainingScene:
        """Reads the scene, if it is not kept; the same each time, but it may have no footprint or no valid pixel.

        Raises:
            TrainingError: If a file of it cannot be read.
        """
        return self.cache.load(self)


Drawable = TrainingScene | StreamedScene


class SceneCache:
    """Reads streamed scenes and keeps those used last, up to a number of bytes in each process."""

    def __init__(self, budget: int = CACHE_BYTES) -> None:
        """Makes an empty cache.

        Args:
            budget: Bytes to keep; the scene that was read last is kept even if it has more.
        """
        self._budget = budget
        self._pools: list[ScenePool] = []
        self._kept: OrderedDict[tuple[tuple[int, int], Window | None], TrainingScene] = OrderedDict()
        self._bytes = 0

    def add(self, sources: Sequence[SceneSource], options: ReadOptions) -> int:
        """Takes up sources and returns their number, the first one of a ``place``."""
        self._pools.append(ScenePool(sources, options, size=4))
        return len(self._pools) - 1

    def load(self, wanted: StreamedScene) -> TrainingScene:
        """Returns a scene, read or kept."""
        key = (wanted.place, wanted.window)
        if key not in self._kept:
            scene = self._read(wanted)
            self._bytes += scene.kept_bytes
            while self._kept and self._bytes > self._budget:
                self._bytes -= self._kept.popitem(last=False)[1].kept_bytes
            self._kept[key] = scene
        self._kept.move_to_end(key)
        return self._kept[key]

    def _read(self, wanted: StreamedScene) -> TrainingScene:
        pool, index = wanted.place
        try:
            scene = self._pools[pool].get(index)
            tile = scene.read_all() if wanted.window is None else scene.read(wanted.window)
            return TrainingScene(tile, scene.outlines(), wanted.source)
        except (SceneError, TileError) as error:
            # leaving it out would change every sample after it, and a run is more than its samples are worth
            raise TrainingError(f"{error}; then run the same command again") from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": OrderedDict(), "_bytes": 0}


@dataclass(frozen=True)
class _Found:
    """A scene that was opened and closed again."""

    source: SceneSource
    config: DataConfig
    options: ReadOptions
    held_out: bool
    height: int
    width: int

    @property
    def decoded_bytes(self) -> int:
        """Bytes of its pixels and masks in memory."""
        return self.height * self.width * BYTES_PER_PIXEL


def load_scenes(data: Sequence[DataConfig], *, bare: bool = False) -> tuple[list[Drawable], list[Drawable]]:
    """Finds the scenes of a run, and reads them if they fit in memory.

    A scene that its folder calls validation data (``val/``, or ``hold/`` of xBD), or whose id a pattern of ``val``
    matches, is held out. A scene of a ``test`` folder is not touched at all unless such a pattern names it: it is for
    the last figures.

    Scenes that have more than :data:`MEMORY_BYTES` together, decoded, are streamed: each process that prepares crops
    reads them as they are drawn and keeps :data:`CACHE_BYTES` of them, and scenes above :data:`LARGE` pixels are drawn
    in blocks of :data:`BLOCK` rows and columns. A crop then costs the reading of a scene (about 40 ms for a PNG of
    1024 x 1024 pixels), so ``workers`` should be as many as there are cores to spare.

    Args:
        data: The sources.
        bare: Whether to keep scenes without a footprint.

    Returns:
        Training scenes and validation scenes. All of those in memory have footprints, unless ``bare``; of those
        streamed, some may not.

    Raises:
        TrainingError: If there is no training scene with a building in it.
        SceneError: If a scene cannot be read.
    """
    found, unused = _find(data, bare=bare)
    train: list[Drawable] = []
    val: list[Drawable] = []
    if sum(item.decoded_bytes for item in found) > MEMORY_BYTES:
        for item, scene in _stream(found):
            (val if item.held_out else train).append(scene)
    else:
        for item in found:
            prepared = _load(item)
            if prepared.footprints or bare:
                (val if item.held_out else train).append(prepared)
    if not train:
        paths = ", ".join(d.path for d in data) or "nothing; name a folder with --data"
        others = f" ({len(val)} scenes are held out for validation, {unused} for tests)" if val or unused else ""
        raise TrainingError(f"no training scene with buildings in: {paths}{others}")
    return train, val


def _find(data: Sequence[DataConfig], *, bare: bool) -> tuple[list[_Found], int]:
    """Opens every scene once, reading no pixel; returns those of use, and how many are kept for tests."""
    found, unused = [], 0
    for config in data:
        options = ReadOptions(resolution=config.resolution, resolution_optional=True)
        for source in find_scenes([config.path]):
            if _matches(source.id, config.exclude):
                continue
            named = _matches(source.id, config.val)
            if source.split == "test" and not named:
                unused += 1
                continue
            with open_scene(source, options) as scene:
                size, empty = (scene.height, scene.width), scene.known_empty
            if bare or not empty:
                found.append(_Found(source, config, options, named or source.split == "val", *size))
    return found, unused


def _matches(scene: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(scene, pattern) for pattern in patterns)


def _load(item: _Found) -> TrainingScene:
    with open_scene(item.source, item.options) as scene:
        return TrainingScene(scene.read_all(), scene.outlines(), item.config)


def _stream(found: Sequence[_Found]) -> Iterator[tuple[_Found, StreamedScene]]:
    cache = SceneCache()
    for config in dict.fromkeys(item.config for item in found):
        items = [item for item in found if item.config == config]
        pool = cache.add([item.source for item in items], items[0].options)
        for index, item in enumerate(items):
            for window in _blocks(item):
                height, width = (item.height, item.width) if window is None else (window.height, window.width)
                yield item, StreamedScene(item.source.id, config, height * width, window, (pool, index), cache)


def _blocks(item: _Found) -> Iterator[Window | None]:
    if item.height * item.width <= LARGE:
        yield None
        return
    for window in TileGrid(item.height, item.width, BLOCK):
        yield window.within(item.height, item.width)
