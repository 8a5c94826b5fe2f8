"""The real images that synthesised ones are compared with: tiles of scenes, or the frames I_0 of a series."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
import pyarrow.compute as pc
from shapely.geometry import box

from changen_cli.errors import SceneError, StoreError, UsageError
from changen_cli.files import place
from changen_cli.metrics.base import RealImage
from changen_cli.metrics.pairs import choose
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.scene import open_scene
from changen_cli.scenes.source import SceneSource
from changen_cli.scenes.window import TileGrid
from changen_cli.store.base import Status
from changen_cli.store.manifest import NAME
from changen_cli.store.sample import Sample
from changen_cli.store.series import SeriesDataset, open_series

_VARIANT = re.compile(r"__v\d+$")


class Reference(Protocol):
    """Real images, read one by one."""

    notes: tuple[str, ...]
    """What a reader of the results should know of them."""

    def __len__(self) -> int:
        """Returns the number of images that will be read; those with too few valid pixels are then left out."""
        ...

    def __iter__(self) -> Iterator[RealImage | None]:
        """Reads one image after the other; None for one that is left out."""
        ...


def open_reference(
    inputs: Sequence[str],
    size: tuple[int, int],
    options: ReadOptions,
    *,
    min_valid: float = 0.5,
    split: str | None = None,
    limit: int | None = None,
    without: Collection[str] = (),
) -> Reference:
    """Opens what a user names as reference.

    Args:
        inputs: The output of a ``changen generate``, or what names scenes (:func:`find_scenes`).
        size: Height and width that the images must have.
        options: How scenes are read.
        min_valid: Least share of valid pixels of a tile.
        split: Of a series, or of scenes whose folders give them one.
        limit: Most images, spread evenly.
        without: Tiles of scenes to leave out (:func:`tiles_without_series`).

    Raises:
        StoreError: If a series cannot be read.
        SceneError: If scenes cannot be found or opened.
        UsageError: If the images have another size, or there are none.
    """
    if len(inputs) == 1 and _is_output(inputs[0]):
        return SeriesReference(inputs[0], size, split, limit)
    return SceneReference(inputs, size, options, min_valid, split, limit, without)


def _is_output(text: str) -> bool:
    """Tells whether a path or URL is that of an output; where nobody can be asked, reading it says why."""
    with suppress(OSError, StoreError):
        return (place(text) / NAME).is_file()
    return False


class SeriesReference:
    """The real frames I_0 of a series, each once however many variants there are."""

    def __init__(self, path: str, size: tuple[int, int], split: str | None, limit: int | None) -> None:
        self.notes: tuple[str, ...] = ()
        self._data = open_series(path, split)
        store = self._data.manifest["store"]
        if (store["height"], store["width"]) != size:
            raise UsageError(
                f"{path}: its images are {store['width']} x {store['height']} pixels, those of the series "
                f"{size[1]} x {size[0]}; distances need one size: generate with the same --tile-size"
            )
        firsts = _first_variants(self._data, split)
        if not firsts:
            raise UsageError(f"{path}: has no series that is done, so there is no image to compare with")
        self._items = [firsts[place] for place in choose(len(firsts), limit)]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[RealImage | None]:
        for item in self._items:
            sample = self._data[item]
            yield RealImage(sample.id, sample.image[0], whole_areas(sample))


class SceneReference:
    """The tiles of scenes, cut as ``changen generate`` cuts them."""

    def __init__(
        self,
        inputs: Sequence[str],
        size: tuple[int, int],
        options: ReadOptions,
        min_valid: float,
        split: str | None,
        limit: int | None,
        without: Collection[str],
    ) -> None:
        self._options, self._min_valid, self._size, self._without = options, min_valid, size[0], without
        sources = find_scenes(list(inputs), require_labels=False)
        if split is not None:
            sources = [source for source in sources if source.split == split]
        if not sources:
            raise UsageError(f"{', '.join(inputs)}: no scene of the split {split!r}; leave the split out")
        grids, unplaced = [], 0
        for source in sources:
            with open_scene(source, options) as scene:
                grids.append(TileGrid(scene.height, scene.width, self._size))
                unplaced += options.metres() is not None and scene.ground_resolution is None
        self.notes: tuple[str, ...] = ()
        if unplaced:
            self.notes = (
                f"{unplaced} of {len(sources)} reference scenes have no georeference and were read at their own "
                f"pixels, not at {options.metres():g} m",
            )
        if without:
            self.notes += (
                f"{len(without)} tiles of which there is no series, since they were skipped or failed, are left out of "
                "the reference too, where it has them",
            )
        starts = np.cumsum([0, *(len(grid) for grid in grids)])
        self._chosen: list[tuple[SceneSource, TileGrid, list[int]]] = []
        wanted = np.array(choose(int(starts[-1]), limit))
        for number, (source, grid) in enumerate(zip(sources, grids, strict=True)):
            inside = wanted[(wanted >= starts[number]) & (wanted < starts[number + 1])] - starts[number]
            if len(inside):
                self._chosen.append((source, grid, inside.tolist()))

    def __len__(self) -> int:
        return sum(len(places) for _, _, places in self._chosen)

    def __iter__(self) -> Iterator[RealImage | None]:
        for source, grid, places in self._chosen:
            with open_scene(source, self._options) as scene:
                for place in places:
                    if f"{source.id}__{grid[place].tile_id}" in self._without:
                        yield None
                        continue
                    tile = scene.read(grid[place])
                    if tile.valid.mean() < max(self._min_valid, 1e-9):
                        yield None
                        continue
                    inner = box(0, 0, self._size, self._size).buffer(-0.5)
                    outlines = (footprint.polygon for footprint in tile.layout.footprints)
                    areas = tuple(outline.area for outline in outlines if inner.contains(outline))
                    yield RealImage(f"{tile.scene}__{tile.id}", tile.image, areas)


def tiles_without_series(data: SeriesDataset) -> frozenset[str]:
    """Returns the tiles of a run, as ``<scene>__<tile>``, of which no variant is done.

    A reference that has them shows kinds of places that the series leave out.
    """
    done = pc.equal(data.table["status"], str(Status.DONE)).to_pylist()
    tiles = [_VARIANT.sub("", name) for name in data.table["sample"].to_pylist()]
    return frozenset(tiles) - {tile for tile, there in zip(tiles, done, strict=True) if there}


def whole_areas(sample: Sample) -> tuple[float, ...]:
    """Returns the areas of the footprints of S_0 that no edge of the tile cuts, square pixels; empty if not stored."""
    if sample.instance is None:
        return ()
    first = sample.instance[0]
    uids, counts = np.unique(first, return_counts=True)
    cut = np.unique(np.concatenate((first[0], first[-1], first[:, 0], first[:, -1])))
    whole = ~np.isin(uids, cut) & (uids != 0)
    return tuple(counts[whole].astype(float).tolist())


def _first_variants(data: SeriesDataset, split: str | None) -> list[int]:
    """Returns the items that hold I_0 of a tile, each tile once."""
    done = pc.equal(data.table["status"], str(Status.DONE))
    if split is not None:
        done = pc.and_(done, pc.fill_null(pc.equal(data.table["split"], split), False))
    variants = data.table["variant"].filter(done).to_numpy()
    each = len(data) // len(variants) if len(variants) else 1  # pairs per sample; the first is that of I_0 and I_1
    return (np.flatnonzero(variants == 0) * each).tolist()


def read_options(
    manifest: Mapping[str, Any], resolution: float | None, bands: tuple[int, int, int] | None, rescale: str | None
) -> ReadOptions:
    """Returns how reference scenes are read: as the series was, unless said otherwise.

    Args:
        manifest: Of the series.
        resolution: Metres per pixel, or None for that of the series.
        bands: Red, green and blue, or None: those of the series do not hold for other files.
        rescale: Or None for that of the series.

    Raises:
        SceneError: If the manifest's values cannot be used.
    """
    arguments = manifest.get("arguments", {})
    try:
        return ReadOptions(
            bands=bands,
            rescale=arguments.get("rescale") if rescale is None else rescale,
            resolution=arguments.get("resolution") if resolution is None else resolution,
            suited=arguments.get("suited"),
            resolution_optional=True,
        )
    except UsageError as error:  # what a user may say is checked before
        raise SceneError(f"the manifest of the series is damaged: {error}; generate it again") from error
