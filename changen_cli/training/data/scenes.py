"""Where crops come from: scenes held in memory, and scenes that are read when they are drawn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from changen_cli.errors import SceneError, TileError, TrainingError
from changen_cli.events.geometry import Outline, outline_array
from changen_cli.scenes.image.rasters import BlockCache
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.pool import ScenePool
from changen_cli.scenes.source import SceneSource
from changen_cli.scenes.tile import Tile
from changen_cli.scenes.window import Window
from changen_cli.training.config.source import DataConfig

CACHE_BYTES = 512_000_000
"""What each process that prepares crops of a streamed data set may keep of it."""


class TrainingScene:
    """A scene, or a block of one, in memory: its pixels, its footprints in a spatial index, its drawn mask.

    Attributes:
        source: Where it came from.
        id: Id of the scene.
        image: uint8 [3, H, W].
        valid: bool [H, W].
        exclusion: Where no building may be placed, pixel coordinates; empty if there is none.
        mask: Classes of S_t, uint8 [H, W].
        footprints: Its footprints.
        polygons: Their outlines, object array [len(footprints)].
        index: Finds them by place.
        outlines: Outlines that new objects may take, object array [n].
        outline_classes: The class of each; empty where any object may take any.
    """

    def __init__(
        self, tile: Tile, outlines: Sequence[Outline], source: DataConfig, classes: tuple[int, ...] = ()
    ) -> None:
        """Draws its mask and indexes its footprints.

        Args:
            tile: The whole scene as one tile, or a block of it.
            outlines: Outlines that new objects may take, centred on (0, 0), in pixels of the scene.
            source: Where it came from.
            classes: The class of each outline; empty where any object may take any.
        """
        self.source = source
        self.outline_classes = classes
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
        """Returns itself, as :meth:`StreamedScene.load` does what it reads."""
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
    """Reads streamed scenes and keeps those used last, up to a number of bytes in each process.

    Attributes:
        budget: Bytes to keep; the scene that was read last is kept even if it has more.
        kept_bytes: Bytes kept.
    """

    def __init__(self, budget: int = CACHE_BYTES) -> None:
        """Makes an empty cache.

        Args:
            budget: Bytes to keep.
        """
        self.budget, self.kept_bytes = budget, 0
        self._pools: list[ScenePool] = []
        self._blocks = BlockCache()
        self._kept: OrderedDict[tuple[tuple[int, int], Window | None], TrainingScene] = OrderedDict()

    @property
    def kept(self) -> list[TrainingScene]:
        """The scenes that are kept, the one used last at the end."""
        return list(self._kept.values())

    def add(self, sources: Sequence[SceneSource], options: ReadOptions) -> int:
        """Takes up sources and returns their number, the first one of a ``place``."""
        self._pools.append(ScenePool(sources, options, size=4, cache=self._blocks))
        return len(self._pools) - 1

    def load(self, wanted: StreamedScene) -> TrainingScene:
        """Returns a scene, read or kept."""
        key = (wanted.place, wanted.window)
        if key not in self._kept:
            scene = self._read(wanted)
            self.kept_bytes += scene.kept_bytes
            while self._kept and self.kept_bytes > self.budget:
                self.kept_bytes -= self._kept.popitem(last=False)[1].kept_bytes
            self._kept[key] = scene
        self._kept.move_to_end(key)
        return self._kept[key]

    def _read(self, wanted: StreamedScene) -> TrainingScene:
        pool, index = wanted.place
        try:
            scene = self._pools[pool].get(index)
            tile = scene.read_all() if wanted.window is None else scene.read(wanted.window)
            return TrainingScene(tile, scene.outlines(), wanted.source, scene.outline_classes())
        except (SceneError, TileError) as error:
            # leaving it out would change every sample after it, and a run is more than its samples are worth
            raise TrainingError(f"{error}; then run the same command again") from error

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_kept": OrderedDict(), "kept_bytes": 0}
