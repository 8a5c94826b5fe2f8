"""Which scenes a run trains on and which it holds out, and whether they are held in memory or streamed."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from changen_cli.errors import TrainingError
from changen_cli.reporter import Reporter, Silent
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.scene import open_scene
from changen_cli.scenes.source import SceneSource
from changen_cli.scenes.window import TileGrid, Window
from changen_cli.training.config.source import DataConfig
from changen_cli.training.data.scenes import CACHE_BYTES, Drawable, SceneCache, StreamedScene, TrainingScene
from changen_cli.types import Split

BYTES_PER_PIXEL = 5
"""Image, validity and mask."""


SUITED = (0.3, 0.6)
"""Metres per pixel of the crops, by the middle of the jitter, that the shipped recipes and weights are for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the scenes of a run is kept in memory. Other limits may give other crops of the same data.

    Attributes:
        memory: Decoded bytes up to which all scenes are held in memory; larger data sets are streamed. xBD's ``train``
            and ``tier3`` have 48 GB.
        cache: Bytes of a streamed data set that each process that prepares crops may keep.
        large: Pixels above which a streamed scene is cut into blocks.
        block: Rows and columns of a block.
    """

    memory: int = 4_000_000_000
    cache: int = CACHE_BYTES
    large: int = 4096 * 4096
    block: int = 2048


LIMITS = Limits()


@dataclass(frozen=True)
class _Candidate:
    """A scene that is of use, and what opening it told."""

    source: SceneSource
    config: DataConfig
    options: ReadOptions
    held_out: bool
    height: int
    width: int
    ground: float | None

    @property
    def decoded_bytes(self) -> int:
        """Bytes of its pixels and masks in memory."""
        return self.height * self.width * BYTES_PER_PIXEL


def load_scenes(
    data: Sequence[DataConfig],
    *,
    bare: bool = False,
    limits: Limits = LIMITS,
    scale: tuple[float, float] = (1.0, 1.0),
    reporter: Reporter | None = None,
) -> tuple[list[Drawable], list[Drawable]]:
    """Finds the scenes of a run, and reads them if they fit in memory.

    A scene that its folder calls validation data (``val/``, or ``hold/`` of xBD), or whose id a pattern of ``val``
    matches, is held out. A scene of a ``test`` folder is not touched at all unless such a pattern names it: it is for
    the last figures.

    Scenes that have more than ``limits.memory`` bytes together are streamed: each process that prepares crops reads
    them as they are drawn. A crop then costs the reading of a scene (about 40 ms for a PNG of 1024 x 1024 pixels), so
    ``workers`` should be as many as there are cores to spare.

    Args:
        data: The sources.
        bare: Whether to keep scenes without a footprint.
        limits: What is held in memory.
        scale: Scale jitter of sources that have none of their own.
        reporter: Warned of sources whose crops are far from the ground resolution that recipes and weights are for.

    Returns:
        Training scenes and validation scenes. All of those in memory have footprints, unless ``bare``; of those
        streamed, some may not.

    Raises:
        TrainingError: If there is no training scene with a building in it.
        SceneError: If a scene cannot be read.
    """
    found, unused = _find(data, bare=bare)
    for line in unsuited(((item.config, item.ground) for item in found), scale):
        (reporter or Silent()).warn(line)
    train: list[Drawable] = []
    val: list[Drawable] = []
    if sum(item.decoded_bytes for item in found) > limits.memory:
        for item, scene in _stream(found, limits):
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


def _find(data: Sequence[DataConfig], *, bare: bool) -> tuple[list[_Candidate], int]:
    """Opens every scene once, reading no pixel; returns those of use, and how many are kept for tests."""
    found, unused = [], 0
    # all folders are listed before the first scene is opened: what is wrong with one is said at once
    listed = [(config, find_scenes([config.path])) for config in data]
    for config, sources in listed:
        options = ReadOptions(resolution=config.resolution, resolution_optional=True)
        for source in sources:
            if _matches(source.id, config.exclude):
                continue
            named = _matches(source.id, config.val)
            if source.split == Split.TEST and not named:
                unused += 1
                continue
            with open_scene(source, options) as scene:
                size, empty = (scene.height, scene.width, scene.ground_resolution), scene.known_empty
            if bare or not empty:
                found.append(_Candidate(source, config, options, named or source.split == Split.VAL, *size))
    return found, unused


def unsuited(grounds: Iterable[tuple[DataConfig, float | None]], scale: tuple[float, float] = (1.0, 1.0)) -> list[str]:
    """Finds sources whose crops are far from :data:`SUITED`.

    Args:
        grounds: A source and the metres per pixel that a scene of it is read at, None where they are not known.
        scale: Scale jitter of sources that have none of their own.

    Returns:
        A line for each such source, by its first scene outside.
    """
    lines: dict[DataConfig, str] = {}
    for config, ground in grounds:
        if ground is None or config in lines:
            continue
        least, most = config.scale or scale
        if not SUITED[0] <= ground / math.sqrt(least * most) <= SUITED[1]:
            lines[config] = (
                f"{config.path}: scenes are read at {ground:.2g} m a pixel, so crops have {ground / most:.2g} to "
                f"{ground / least:.2g} m; recipes and weights are for {SUITED[0]:g} to {SUITED[1]:g} m: give "
                "--resolution 0.4, if so much detail is there"
            )
    return list(lines.values())


def _matches(scene: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(scene, pattern) for pattern in patterns)


def _load(item: _Candidate) -> TrainingScene:
    with open_scene(item.source, item.options) as scene:
        return TrainingScene(scene.read_all(), scene.outlines(), item.config, scene.outline_classes())


def _stream(found: Sequence[_Candidate], limits: Limits) -> Iterator[tuple[_Candidate, StreamedScene]]:
    cache = SceneCache(limits.cache)
    for config in dict.fromkeys(item.config for item in found):
        items = [item for item in found if item.config == config]
        pool = cache.add([item.source for item in items], items[0].options)
        for index, item in enumerate(items):
            for window in _blocks(item, limits):
                height, width = (item.height, item.width) if window is None else (window.height, window.width)
                yield item, StreamedScene(item.source.id, config, height * width, window, (pool, index), cache)


def _blocks(item: _Candidate, limits: Limits) -> Iterator[Window | None]:
    if item.height * item.width <= limits.large:
        yield None
        return
    for window in TileGrid(item.height, item.width, limits.block):
        yield window.within(item.height, item.width)
