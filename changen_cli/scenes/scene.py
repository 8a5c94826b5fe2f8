"""The scene: one input raster with its footprints, read tile by tile with memory that does not grow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from changen_cli.errors import SceneError, TileError
from changen_cli.scenes.footprints.base import Labels, NoLabels, OutlineSample, Report
from changen_cli.scenes.footprints.labels import open_labels
from changen_cli.scenes.footprints.vectors import Exclusion
from changen_cli.scenes.image.geobox import make_geobox
from changen_cli.scenes.image.pixels import Pixels
from changen_cli.scenes.image.rasters import BlockCache, open_raster, reason
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.source import SceneSource
from changen_cli.scenes.tile import Tile
from changen_cli.scenes.window import Window
from changen_cli.types import BoolArray, UInt8Array


def open_scene(source: SceneSource, options: ReadOptions | None = None, cache: BlockCache | None = None) -> Scene:
    """Opens a scene; reads metadata and vectors, no pixel.

    Args:
        source: Image and footprints.
        options: How to read them.
        cache: The block cache of the scenes that are read by turns with this one; None for one of its own.

    Raises:
        SceneError: If a file cannot be used; the message names it and the remedy.
    """
    return Scene(source, options or ReadOptions(), cache or BlockCache())


class Scene:
    """An open scene, and a context manager that closes it.

    It holds file handles, so it belongs to the process and thread that opened it; :class:`SceneSource` and
    :class:`ReadOptions` travel instead.

    Attributes:
        id: Unique in a run.
        source: What it was opened from.
    """

    def __init__(self, source: SceneSource, options: ReadOptions, cache: BlockCache) -> None:
        """Opens the files; see :func:`open_scene`."""
        self.id = source.id
        self.source = source
        self._outlines: dict[int, OutlineSample] = {}
        self._dataset = open_raster(source.image, decoded_pixels=options.max_decoded)
        self._labels: Labels = NoLabels()
        self._pixels: Pixels | None = None
        try:
            path = source.image
            labels = open_labels(source, self._dataset, options, cache)
            self._grid = make_geobox(
                self._dataset,
                path,
                options.metres(),
                options.resolution_optional,
                labels.georeference,
                options.max_pixels,
                options.range_by_default(),
            )
            self._pixels = Pixels(self._dataset, path, self._grid, options, cache)
            self._labels = labels.place(self._grid)
            self._exclusion = None if options.exclude is None else Exclusion(options.exclude, path, self._grid, options)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Scene:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def height(self) -> int:
        """Rows at the reading resolution."""
        return self._grid.height

    @property
    def width(self) -> int:
        """Columns at the reading resolution."""
        return self._grid.width

    @property
    def transform(self) -> Affine | None:
        """Pixels at the reading resolution to CRS coordinates, or None without a georeference."""
        return self._grid.transform

    @property
    def crs(self) -> CRS | None:
        """Coordinate reference system, or None."""
        return self._grid.crs

    @property
    def ground_resolution(self) -> float | None:
        """Metres on the ground per pixel read at the centre of the scene, or None if not known."""
        return self._grid.ground_resolution

    @property
    def report(self) -> Report:
        """What was repaired and dropped of the footprints."""
        return self._labels.report()

    @property
    def known_empty(self) -> bool:
        """True if it is certain, without reading a pixel, that no footprint lies on the scene."""
        return self._labels.known_empty()

    @property
    def kept_bytes(self) -> int:
        """Bytes of decoded pixels that the scene keeps in memory."""
        return (0 if self._pixels is None else self._pixels.kept_bytes) + self._labels.kept_bytes

    def read(self, window: Window) -> Tile:
        """Reads a tile.

        Pixels outside the scene are zero and not valid. Footprints are clipped to the tile and the scene; those of
        which less than ``min_area`` is left are dropped, and so are those without a single valid pixel, since nothing
        of them can be seen.

        Args:
            window: Must start in the scene; it may end outside.

        Raises:
            TileError: If a file is damaged there; the message names file and tile.
            ValueError: If the window starts outside the scene.
        """
        return self._read(window, window.tile_id)

    def read_all(self) -> Tile:
        """Reads the whole scene as one tile with the id ``all``; for scenes that fit in memory.

        Raises:
            TileError: If a file is damaged.
        """
        return self._read(self._grid.whole, "all")

    def read_pixels(self, window: Window) -> tuple[UInt8Array, BoolArray]:
        """Reads the pixels of a window within the scene, and no footprints.

        Returns:
            uint8 [3, H, W], zero where not valid, and validity bool [H, W].

        Raises:
            TileError: If the file is damaged there.
        """
        with self._told(window.tile_id):
            return self._open_pixels().read(window)

    def footprints(self) -> tuple[Footprint, ...]:
        """Returns all footprints, clipped to the scene, slivers dropped; also those of which no pixel is valid.

        Raises:
            TileError: If a file is damaged.
        """
        with self._told("all"):
            return self._labels.everything()

    def exclusion(self) -> BaseGeometry:
        """Returns where no building may be placed, in the scene's pixel coordinates; empty if there is none.

        Raises:
            TileError: If the file of exclusions cannot be used.
        """
        with self._told("all"):
            return Polygon() if self._exclusion is None else self._exclusion.cut(self._grid.whole)

    def outlines(self, limit: int = 256) -> tuple[Polygon | MultiPolygon, ...]:
        """Returns outlines of whole footprints of the scene, which new objects may take.

        Of several classes (:meth:`outline_classes`) as many of each. They depend on the scene and the options alone,
        not on what was read before. Vectors give a sample spread evenly over the file; masks and very large vector
        files one from windows keyed by the scene's id.

        Args:
            limit: Most outlines of a class.

        Returns:
            Polygons not cut by an edge, each with its centroid on (0, 0), pixels at the reading resolution.

        Raises:
            TileError: If the mask is damaged where it is sampled.
        """
        return self._sample(limit).outlines

    def outline_classes(self, limit: int = 256) -> tuple[int, ...]:
        """Returns the class of each of the :meth:`outlines`; nothing where the source tells no classes."""
        return self._sample(limit).classes

    def _sample(self, limit: int) -> OutlineSample:
        if limit not in self._outlines:
            self._outlines[limit] = self._labels.outlines(limit)
        return self._outlines[limit]

    def as_manifest(self) -> dict[str, Any]:
        """Returns what the manifest says of the scene (JSON values); an ``auto`` rescale is settled for it."""
        pixels, grid = self._open_pixels(), self._grid
        rescale = pixels.rescale
        return {
            "id": self.id,
            "image": self.source.image,
            "split": self.source.split,
            "raster": {"width": self._dataset.width, "height": self._dataset.height, "driver": self._dataset.driver},
            "width": grid.width,
            "height": grid.height,
            "crs": None if grid.crs is None else grid.crs.to_string(),
            "transform": None if grid.transform is None else list(grid.transform)[:6],
            "ground_resolution": grid.ground_resolution,
            "resampled": grid.resampled,
            # only where it was chosen, so that every other output stays what it was
            **({} if grid.chosen_for is None else {"own_resolution": grid.chosen_for}),
            "bands": {"rgb": list(pixels.choice.bands), "why": pixels.choice.why},
            "rescale": None if rescale is None else {"low": rescale.low, "high": rescale.high, "why": rescale.why},
            "footprints": self._labels.as_manifest(),
            "exclude": None if self._exclusion is None else self._exclusion.as_manifest(),
        }

    def close(self) -> None:
        """Closes the files; a closed scene cannot be read."""
        if self._pixels is not None:
            self._pixels.close()
        self._labels.close()
        self._dataset.close()

    def _open_pixels(self) -> Pixels:
        if self._pixels is None or self._dataset.closed:
            raise ValueError(f"scene {self.id} is closed")
        return self._pixels

    def _read(self, window: Window, name: str) -> Tile:
        pixels = self._open_pixels()
        inside = window.within(self.height, self.width)
        if inside.height < 1 or inside.width < 1 or (inside.row, inside.column) != (window.row, window.column):
            raise ValueError(f"{window} starts outside scene {self.id} of {self.width} x {self.height} pixels")
        with self._told(name):
            image, valid = pixels.read(inside)
            footprints = self._labels.footprints(inside)
            exclusion = Polygon() if self._exclusion is None else self._exclusion.cut(inside)
        if (inside.height, inside.width) != (window.height, window.width):
            image, valid = _pad(image, valid, window)
        layout = Layout(window.height, window.width, footprints)
        if footprints and not valid.all():
            layout = _visible(layout, valid)
        transform = self._grid.transform_of(window)
        return Tile(self.id, name, image, valid, layout, transform, self.crs, exclusion)

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Says which tile cannot be read."""
        try:
            yield
        except RasterioError as error:
            raise TileError(
                f"{self.source.image}: tile {name} cannot be read ({reason(error)}); the file is damaged or cut short "
                "there: copy it again"
            ) from error
        except SceneError as error:
            raise TileError(f"tile {name} of {self.source.image}: {error}") from error


def _pad(image: UInt8Array, valid: BoolArray, window: Window) -> tuple[UInt8Array, BoolArray]:
    """Fills a tile up to its size, to the right and downwards."""
    height, width = valid.shape
    whole = np.zeros((3, window.height, window.width), np.uint8)
    known = np.zeros((window.height, window.width), np.bool_)
    whole[:, :height, :width] = image
    known[:height, :width] = valid
    return whole, known


def _visible(layout: Layout, valid: BoolArray) -> Layout:
    """Drops the footprints of a layout that show on no valid pixel."""
    if not valid.any():
        return replace(layout, footprints=())
    shown = []
    for footprint in layout.footprints:
        if _any_valid(footprint, valid):
            shown.append(footprint)
    return replace(layout, footprints=tuple(shown))


def _any_valid(footprint: Footprint, valid: BoolArray) -> bool:
    left, top, right, bottom = (int(v) for v in footprint.polygon.bounds)
    part = valid[top : bottom + 1, left : right + 1]
    if part.all() or not part.any():
        return bool(part.any())
    _, drawn = Layout(valid.shape[0], valid.shape[1], (footprint,)).rasterize()
    return bool(((drawn != 0) & valid).any())
