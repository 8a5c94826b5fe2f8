"""Raster masks read as polygons: connected components, or instances."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from rasterio.errors import RasterioError

from changen_cli import rng
from changen_cli.errors import SceneError, TileError
from changen_cli.scenes.footprints.base import OutlineSample, Report
from changen_cli.scenes.footprints.geometry import PolygonIndex, sample_outlines, scale, translate
from changen_cli.scenes.footprints.mask_values import LARGEST_CLASS, MaskValues, ValueSurvey, join_values, trace_mask
from changen_cli.scenes.footprints.tangles import Geometries
from changen_cli.scenes.image.geobox import GeoBox, georeference
from changen_cli.scenes.image.rasters import BlockCache, Raster, WindowReader, open_raster, reason, to_rasterio
from changen_cli.scenes.layout import Footprint
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.window import Window
from changen_cli.types import AnyArray

_SAMPLE_LIMIT = 16_000_000
_SAMPLE_ROWS = 8
_SAMPLE_SIZE = 512
_OUTLINE_WINDOWS = 16
_OUTLINE_SIZE = 1024
_BLOCK = 2048
_GREY = {1: [1], 2: [1], 3: [1, 2, 3], 4: [1, 2, 3]}
"""The bands that are read of a mask with so many: programs of pictures save grey as red, green and blue that are equal,
and an alpha band last."""

_INT32_MAX = np.iinfo(np.int32).max


class MaskLabels:
    """Footprints of a raster mask.

    A binary mask (0 and 1, 0 and 255, or of one bit) tells where buildings are: each part that hangs together by pixel
    edges is a footprint, and its uid is counted from 1 within a tile. In a mask of classes each part of one value is,
    and the value its class. In one of instance ids each id is one footprint, even in two parts, and its uid. Which a
    mask is, is said (``mask_values``), or judged once for the scene (:class:`ValueSurvey`), by all of it up to 16
    megapixels and by 64 windows spread over it above. Polygons are made at the mask's own resolution and
    follow its pixel edges, so that drawing them gives the mask back; then they are scaled to the reading resolution.
    nodata and NaN are background.
    """

    def __init__(
        self,
        path: str,
        image: Raster,
        image_path: str,
        grid: GeoBox,
        scene: str,
        options: ReadOptions,
        cache: BlockCache,
        *,
        block: int = _BLOCK,
    ) -> None:
        """Opens a mask and checks that it fits its image; reads no pixel.

        Args:
            path: The mask.
            image: The image, open.
            image_path: Its path, for messages.
            grid: The reading grid of the scene.
            scene: Id of the scene, which keys the choice of :meth:`outlines`.
            options: Least area, and most pixels of a mask without random access.
            cache: The block cache to read through; grows if the mask needs it.
            block: Rows and columns of the blocks that :meth:`everything` reads.

        Raises:
            SceneError: If the mask cannot be opened, has another size or place than the image, or is not a mask.
        """
        self._path, self._grid, self._scene, self._min_area = path, grid, scene, options.min_area
        self._block = block
        self._asked = options.mask_values
        self._dataset = open_raster(path, "mask", options.max_decoded)
        try:
            self._check(image, image_path)
        except SceneError:
            self._dataset.close()
            raise
        self._cache = cache
        cache.include(self._dataset)
        whole = Window(0, 0, self._dataset.height, self._dataset.width)
        self._reader = WindowReader(self._dataset, self._load, whole)

    def footprints(self, window: Window) -> tuple[Footprint, ...]:
        """Returns the footprints of a window, in raster order (masks) or by id (instances).

        Raises:
            TileError: If the mask is damaged there, or an id is no positive int32.
        """
        native = self._native(window)
        try:
            values, polygons = trace_mask(self._read(native), self.values, self._hole)
        except RasterioError as error:
            raise self._damaged(window.tile_id, error) from error
        return self._footprints(values, polygons, native, window)

    def everything(self) -> tuple[Footprint, ...]:
        """Returns the footprints of the whole scene as :meth:`footprints` does, traced block by block and joined.

        Raises:
            TileError: If the mask is damaged, or an id is no positive int32.
        """
        whole = Window(0, 0, self._dataset.height, self._dataset.width)
        values, polygons = [np.empty(0, np.int64)], [np.empty(0, object)]
        for row in range(0, whole.height, self._block):
            for column in range(0, whole.width, self._block):
                block = Window(row, column, self._block, self._block).within(whole.height, whole.width)
                try:
                    of, found = trace_mask(self._read(block), self.values, 0)
                except RasterioError as error:
                    raise self._damaged(block.tile_id, error) from error
                values.append(of)
                polygons.append(translate(found, column, row))
        joined, of_joined = join_values(
            np.concatenate(polygons), np.concatenate(values), self.values, self._block, self._hole
        )
        return self._footprints(of_joined, joined, whole, self._grid.whole)

    def _footprints(
        self, values: AnyArray, polygons: Geometries, native: Window, window: Window
    ) -> tuple[Footprint, ...]:
        """Brings polygons of the mask's own pixels to a window, drops slivers, and numbers what has no id.

        Raises:
            TileError: If a class is none.
        """
        if self._grid.resampled:
            moved = self._to_scene(polygons, native)
            polygons, kept = PolygonIndex(moved, np.arange(len(moved))).cut(window)
            values = values[kept]
        large = shapely.area(polygons) >= self._min_area
        polygons, values = polygons[large], values[large]
        if self.values == "instance":
            return tuple(Footprint(uid, polygon) for uid, polygon in zip(values.tolist(), polygons, strict=True))
        if len(values) and values.max() > LARGEST_CLASS:
            raise TileError(f"{self._path}: a class of {values.max()}; classes are 1 to {LARGEST_CLASS}")
        numbered = enumerate(zip(values.tolist(), polygons, strict=True), 1)
        return tuple(Footprint(uid, polygon, category) for uid, (category, polygon) in numbered)

    def outlines(self, limit: int) -> OutlineSample:
        """Returns outlines of whole footprints from at most 16 windows, keyed by the scene's id."""
        found, classes = [np.empty(0, object)], [np.empty(0, np.int64)]
        for window in sample_windows(self._grid, self._scene, _OUTLINE_WINDOWS, _OUTLINE_SIZE):
            native = self._native(window)
            try:
                values, polygons = trace_mask(self._read(native), self.values, self._hole)
            except RasterioError as error:
                raise self._damaged("the sample of its outlines", error) from error
            moved = self._to_scene(polygons, native)
            west, north, east, south = shapely.bounds(moved).reshape(-1, 4).T
            grid, edge = self._grid, 1e-6
            # What touches an edge of the window may go on beyond it.
            whole = (west > window.column + edge) & (east < min(window.column + window.width, grid.width) - edge)
            whole &= (north > window.row + edge) & (south < min(window.row + window.height, grid.height) - edge)
            whole &= shapely.area(moved) >= self._min_area
            found.append(moved[whole])
            classes.append(values[whole])
        of = np.concatenate(classes) if self.values == "class" else None
        return sample_outlines(np.concatenate(found), of, limit)

    def report(self) -> Report:
        """Returns zeros: polygons made of pixels need no repair."""
        return Report()

    def known_empty(self) -> bool:
        """Returns False: only its pixels could tell."""
        return False

    def as_manifest(self) -> dict[str, Any]:
        """Returns what the manifest says of the mask."""
        instances = self.values == "instance"
        return {"kind": "mask", "path": self._path, "instances": instances, "values": self.values}

    def close(self) -> None:
        """Closes the mask."""
        self._reader.close()
        self._dataset.close()

    @property
    def kept_bytes(self) -> int:
        """Bytes of decoded mask that are kept in memory."""
        return self._reader.kept_bytes

    def _damaged(self, where: str, error: Exception) -> TileError:
        return TileError(f"{self._path}: {where} cannot be read ({reason(error)}); the file is damaged or cut short")

    def _check(self, image: Raster, image_path: str) -> None:
        mask, path = self._dataset, self._path
        if (mask.height, mask.width) != (image.height, image.width):
            raise SceneError(
                f"{path}: mask of {mask.width} x {mask.height} pixels for the image {image_path} of {image.width} x "
                f"{image.height}; give the mask of this image, at its size"
            )
        if mask.count not in _GREY:
            raise SceneError(
                f"{path}: mask with {mask.count} bands; give one band (gdal_translate -b 1 {path} one_band.tif)"
            )
        if _is_lossy(mask):
            raise SceneError(
                f"{path}: mask in a lossy format, which blurs its values; save it without loss, as PNG or deflate TIFF"
            )
        if mask.dtypes[0].startswith("complex"):
            raise SceneError(f"{path}: mask of complex numbers; give 0/1, 0/255 or instance ids")
        (ours, crs), (theirs, its_crs) = georeference(image), georeference(mask)
        if ours is None or theirs is None or crs is None or crs != its_crs:
            return
        for corner in ((0, 0), (image.width, image.height)):
            x, y = ~ours @ (theirs @ corner)
            if math.hypot(x - corner[0], y - corner[1]) > 0.5:
                raise SceneError(
                    f"{path}: mask lies elsewhere than the image {image_path}, by {x - corner[0]:.1f}, "
                    f"{y - corner[1]:.1f} pixels at pixel {corner}; give the mask of this image"
                )

    @cached_property
    def values(self) -> MaskValues:
        """What the values of the mask are."""
        if self._asked != "auto":
            return self._asked
        if self._dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS") == "1":
            return "binary"
        survey = ValueSurvey()
        for window in self._sampled():
            try:
                survey.add(self._read(window))
            except RasterioError:  # a tile that is damaged fails when it is read; the rest decides
                continue
        return survey.kind

    def _sampled(self) -> Iterator[Window]:
        height, width = self._dataset.height, self._dataset.width
        if height * width <= _SAMPLE_LIMIT:
            step = max(1, 4_000_000 // width)
            for row in range(0, height, step):
                yield Window(row, 0, min(step, height - row), width)
            return
        rows, columns = min(_SAMPLE_SIZE, height), min(_SAMPLE_SIZE, width)
        for row in np.linspace(0, height - rows, _SAMPLE_ROWS).astype(int).tolist():
            for column in np.linspace(0, width - columns, _SAMPLE_ROWS).astype(int).tolist():
                yield Window(row, column, rows, columns)

    def _native(self, window: Window) -> Window:
        """Returns the mask's own pixels that a window touches."""
        grid = self._grid
        if not grid.resampled:
            return window
        row, column = math.floor(window.row * grid.scale_y), math.floor(window.column * grid.scale_x)
        bottom = min(math.ceil((window.row + window.height) * grid.scale_y), self._dataset.height)
        right = min(math.ceil((window.column + window.width) * grid.scale_x), self._dataset.width)
        return Window(row, column, bottom - row, right - column)

    def _to_scene(self, polygons: Geometries, native: Window) -> Geometries:
        moved = translate(polygons, native.column, native.row)
        return scale(moved, 1 / self._grid.scale_x, 1 / self._grid.scale_y)

    def _read(self, native: Window) -> AnyArray:
        (values,) = self._reader.read(native)
        return values

    def _load(self, native: Window) -> tuple[AnyArray]:
        """Reads ids: uint8 or int32, 0 background."""
        with self._cache.settings(self._path):
            bands = self._dataset.read(_GREY[self._dataset.count], window=to_rasterio(native))
        values = bands[0]
        if (bands[1:] != values).any():
            raise TileError(
                f"{self._path}: mask in colours, and nobody says what they mean; give one band of numbers, 0 for the "
                "ground"
            )
        nodata = self._dataset.nodata
        if values.dtype.kind == "f":
            values = np.nan_to_num(values, nan=0.0 if nodata is None or np.isnan(nodata) else nodata)
        if nodata:
            values[values == nodata] = 0
        if values.dtype == np.uint8:
            return (np.asarray(values),)
        if values.size and (values.min() < 0 or values.max() > _INT32_MAX or (values != np.rint(values)).any()):
            raise TileError(
                f"{self._path}: mask values must be whole numbers from 0 to {_INT32_MAX}; give 0/1, 0/255 or "
                "instance ids"
            )
        return (np.asarray(values.astype(np.int32)),)

    @property
    def _hole(self) -> float:
        """Holes smaller than this are filled, pixels of the mask."""
        return self._min_area * self._grid.scale_x * self._grid.scale_y


def sample_windows(grid: GeoBox, scene: str, count: int, size: int) -> list[Window]:
    """Chooses windows that stand for a scene: all of it if it is small, else ``count`` random places.

    Args:
        grid: The reading grid.
        scene: Id of the scene, the key of the choice.
        count: Most windows.
        size: Rows and columns of a window.
    """
    rows, columns = -(-grid.height // size), -(-grid.width // size)
    if rows * columns <= count:
        places = np.arange(rows * columns)
    else:
        places = np.sort(rng.generator(scene, "shapes").integers(0, rows * columns, count))
    return [
        Window(row * size, column * size, size, size).within(grid.height, grid.width)
        for row, column in (divmod(place, columns) for place in np.unique(places).tolist())
    ]


def _is_lossy(mask: Raster) -> bool:
    structure = mask.tags(ns="IMAGE_STRUCTURE")
    lossy = structure.get("COMPRESSION_REVERSIBILITY", "").startswith("LOSSY")
    return mask.driver == "JPEG" or "JPEG" in structure.get("COMPRESSION", "").split() or lossy
