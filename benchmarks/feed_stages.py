"""What feeds a generator, stage by stage, and plain reads and writes of the same pixels, which it is held against.

Each function runs one thing once; :mod:`feed_rate` measures them. Nothing here is imported by worker processes.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import zarr
from rasterio.windows import Window

from changen_cli.events.base import History, Site
from changen_cli.events.ground import allowed_ground
from changen_cli.events.simulate import simulate
from changen_cli.files import checksum
from changen_cli.pipeline.options import GenerateOptions
from changen_cli.pipeline.prepare import Preparer
from changen_cli.pipeline.run import resolve_run
from changen_cli.scenes.layout import rasterize_all
from changen_cli.scenes.tile import Tile
from changen_cli.store.base import Outcome, Series
from changen_cli.store.commit import commit_shard
from changen_cli.store.formats.geotiff import PLAIN
from changen_cli.store.formats.levir import pairs
from changen_cli.store.formats.registry import make_format
from changen_cli.store.formats.zarr.arrays import make_pixels, pixel_arrays
from changen_cli.store.journal import Journal

Action = Callable[[], object]

SHARDS = 2
"""Shards that are written alone: enough to measure, few enough to hold."""


@dataclass
class Feed:
    """A scene with everything that its stages are measured on, in memory.

    Attributes:
        options: Of the run, ``workers=0``.
        preparer: What reads and prepares its tiles.
        tiles: Every tile.
        histories: A history of each.
        shards: Outcomes of the first shards, with their images as ``copy`` makes them.
    """

    options: GenerateOptions
    preparer: Preparer
    tiles: list[Tile]
    histories: list[History]
    shards: list[list[Outcome]]

    @classmethod
    def open(cls, options: GenerateOptions) -> Feed:
        """Reads and prepares everything once."""
        preparer = Preparer(resolve_run(options).task())
        plan = preparer.task.plan
        scene = preparer.pool.get(0)
        tiles = [scene.read(window) for window in plan.grids[0]]
        feed = cls(options, preparer, tiles, [], [])
        feed.histories = feed.simulate()
        for index in range(min(SHARDS, plan.spec.shards)):
            outcomes = [item.outcome for item in preparer.prepare(index)]
            assert all(one.series for one in outcomes), "every tile of the benchmark's scene has footprints"
            feed.shards.append([_synthesised(one, plan.spec.steps) for one in outcomes])
        return feed

    @property
    def steps(self) -> int:
        """Tile-steps of all tiles."""
        return len(self.tiles) * self.options.steps

    @property
    def written_steps(self) -> int:
        """Tile-steps of the shards that are written alone."""
        return sum(map(len, self.shards)) * self.options.steps

    def read(self) -> object:
        """Reads every tile: pixels, validity and footprints."""
        scene = self.preparer.pool.get(0)
        return [scene.read(window) for window in self.preparer.task.plan.grids[0]]

    def simulate(self) -> list[History]:
        """Simulates a history on every tile."""
        task, scene = self.preparer.task, self.preparer.pool.get(0)
        site = Site(allowed=allowed_ground(self.tiles[0]), gap=task.gap, outlines=scene.outlines())
        return [
            simulate(
                tile.layout, replace(site, allowed=allowed_ground(tile)), task.schedule, task.steps,
                (task.seed, tile.scene, tile.id, 0),
            )
            for tile in self.tiles
        ]  # fmt: skip

    def draw(self) -> object:
        """Draws every state of every history."""
        return [rasterize_all(history.layouts) for history in self.histories]

    def prepare(self) -> object:
        """Does all that is done before the generator."""
        return [self.preparer.prepare(shard) for shard in range(self.preparer.task.plan.spec.shards)]

    def write(self, folder: Path, name: str) -> Action:
        """Returns what writes and records the shards in a format."""
        spec = replace(self.preparer.task.plan.spec, options={})
        writer = make_format(name, str(_empty(folder)), spec)
        with Journal(writer.root) as journal:
            journal.open({})
        writer.create()

        def action() -> None:
            for index, outcomes in enumerate(self.shards):
                commit_shard(writer, index, outcomes)

        return action

    def checksums(self, folder: Path) -> Action:
        """Returns what makes the checksums of a written folder's files, and of what was read for them."""
        files = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
        series = list(self._series())

        def action() -> None:
            for data in files:
                checksum(data)
            for one in series:
                for part in (one.images[0], one.masks[0], one.instances[0]):
                    checksum(np.ascontiguousarray(part).data)

        return action

    def plain_read(self) -> object:
        """Reads the pixels of every tile with rasterio alone."""
        with rasterio.open(self.preparer.task.plan.sources[0].image) as file:
            return [
                file.read(window=Window(w.column, w.row, w.width, w.height)) for w in self.preparer.task.plan.grids[0]
            ]

    def plain_write(self, folder: Path, name: str) -> Action:
        """Returns what writes the same pixels, packed in the same way, with the format's library alone."""
        write = {"zarr": self._plain_zarr, "geotiff": self._plain_geotiff, "levir": self._plain_levir}[name]
        return lambda: write(_empty(folder))

    def _plain_zarr(self, folder: Path) -> None:
        spec = self.preparer.task.plan.spec
        group = zarr.create_group(str(folder), overwrite=True)
        for pixels in pixel_arrays(spec).values():
            make_pixels(spec, group, pixels)
        for index, outcomes in enumerate(self.shards):
            first = index * spec.shard_samples
            arrays = [one.series.arrays() for one in outcomes if one.series is not None]
            for name in pixel_arrays(spec):
                array = group[name]
                assert isinstance(array, zarr.Array)
                array[first : first + len(outcomes)] = np.stack([each[name] for each in arrays])

    def _plain_geotiff(self, folder: Path) -> None:
        for series in self._series():
            place = {"crs": series.crs, "transform": series.transform}
            for name, frames in series.arrays().items():
                for time, frame in enumerate(frames if name != "valid" else []):
                    _plain_raster(
                        folder / f"{series.id}_{name}{time}.tif", frame, {**PLAIN, **place, "driver": "GTiff"}
                    )

    def _plain_levir(self, folder: Path) -> None:
        for series in self._series():
            for first, second in pairs(self.options.steps):
                name = f"{series.id}_{first}_{second}"
                label = (series.masks[first] != series.masks[second]).astype(np.uint8) * 255
                for kind, frame in (("A", series.images[first]), ("B", series.images[second]), ("label", label)):
                    _plain_raster(folder / f"{kind}_{name}.png", frame, {"driver": "PNG", "zlevel": 1})

    def _series(self) -> Iterator[Series]:
        return (one.series for outcomes in self.shards for one in outcomes if one.series is not None)


def _synthesised(outcome: Outcome, steps: int) -> Outcome:
    """Gives an outcome the images that ``copy`` makes."""
    assert outcome.series is not None, "only series have images"
    images = np.repeat(outcome.series.images, steps + 1, 0)
    return replace(outcome, series=replace(outcome.series, images=images))


def _plain_raster(path: Path, frame: Any, profile: dict[str, Any]) -> None:
    bands = frame if frame.ndim == 3 else frame[None]
    count, height, width = bands.shape
    size = {"count": count, "height": height, "width": width, "dtype": bands.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, "w", **size, **profile) as file:
            file.write(bands)


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
