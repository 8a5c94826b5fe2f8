"""Image pixels of a scene: 8-bit red, green and blue at the reading resolution, and where they are valid."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from rasterio.errors import RasterioError

from changen_cli.errors import SceneError
from changen_cli.scenes.image.bands import choose_bands
from changen_cli.scenes.image.geobox import GeoBox
from changen_cli.scenes.image.rasters import KEPT_PIXELS, BlockCache, Raster, WindowReader, reason, to_rasterio
from changen_cli.scenes.image.resample import make_taps, resample
from changen_cli.scenes.image.rescale import Rescale, check_rescale, chosen_valid, make_rescale
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.window import Window
from changen_cli.types import AnyArray, BoolArray, UInt8Array

STRIP_PIXELS = 16_000_000
"""Most pixels of a raster that are read at once to be resampled."""


class Pixels:
    """Reads the image of a scene by window.

    Formats without random access (PNG, JPEG) are decoded once and kept, up to 64 megapixels; if such a file
    is damaged, none of it is read.

    Attributes:
        choice: The bands read.
    """

    def __init__(
        self,
        dataset: Raster,
        path: str,
        grid: GeoBox,
        options: ReadOptions,
        cache: BlockCache,
        *,
        strip_pixels: int = STRIP_PIXELS,
        kept_pixels: int = KEPT_PIXELS,
    ) -> None:
        """Settles bands and limits; reads no pixel.

        Args:
            dataset: The raster, which stays the caller's to close.
            path: Its path, for messages.
            grid: The reading grid.
            options: Bands and rescale.
            cache: The block cache to read through; grows if the raster needs it.
            strip_pixels: Most pixels of the raster that are read at once to be resampled.
            kept_pixels: Most pixels of a raster that is decoded once and kept.

        Raises:
            SceneError: If the bands or the pixel type need a word from the user.
        """
        self._dataset = dataset
        self._path = path
        self._grid = grid
        self._options = options
        self.choice = choose_bands(dataset, path, options.bands)
        check_rescale(dataset, path, self.choice, options)
        self._strip_pixels = strip_pixels
        self._cache = cache
        cache.include(dataset)
        self._reader = WindowReader(dataset, self._decode, grid.whole, kept_pixels)

    @cached_property
    def rescale(self) -> Rescale | None:
        """The limits used, or None for 8-bit pixels.

        Raises:
            SceneError: If they are to be found (``auto``) and there are none, or the file is damaged.
        """
        try:
            with self._cache.settings(self._path):
                return make_rescale(self._dataset, self._path, self.choice, self._options)
        except RasterioError as error:
            raise SceneError(
                f"{self._path}: limits for --rescale auto cannot be found ({reason(error)}); the file is damaged or "
                "cut short: copy it again, or give --rescale LOW:HIGH to use what is left of it"
            ) from error

    @property
    def kept_bytes(self) -> int:
        """Bytes of decoded pixels that are kept in memory."""
        return self._reader.kept_bytes

    def read(self, window: Window) -> tuple[UInt8Array, BoolArray]:
        """Reads a window that lies within the scene.

        Returns:
            Pixels uint8 [3, H, W], zero where not valid, and validity bool [H, W].

        Raises:
            RasterioError: If the file is damaged there.
        """
        image, valid = self._reader.read(window)
        return image, valid

    def close(self) -> None:
        """Drops what is kept."""
        self._reader.close()

    def _decode(self, window: Window) -> tuple[UInt8Array, BoolArray]:
        if self._grid.resampled:
            pixels, valid = self._resampled(window)
        else:
            pixels, valid = self._native(window)
        rescale = self.rescale
        if rescale is not None:
            image = rescale.apply(pixels)
        elif pixels.dtype == np.uint8:
            image = pixels
        else:
            image = np.rint(pixels).astype(np.uint8)
        if not valid.all():
            image[:, ~valid] = 0
        return image, valid

    def _native(self, window: Window) -> tuple[AnyArray, BoolArray]:
        where, bands = to_rasterio(window), self.choice.bands
        with self._cache.settings(self._path):
            pixels = self._dataset.read(list(bands), window=where)
            return pixels, chosen_valid(self._dataset, bands, pixels, window=where)

    def _resampled(self, window: Window) -> tuple[AnyArray, BoolArray]:
        """Reads strip by strip, so that a coarse resolution does not take memory by its square."""
        grid, dataset = self._grid, self._dataset
        columns = make_taps(window.column, window.width, grid.scale_x, dataset.width)
        strip = max(1, int(self._strip_pixels / ((columns.stop - columns.start) * max(1.0, grid.scale_y))))
        pixels = np.empty((3, window.height, window.width), np.float32)
        valid = np.empty((window.height, window.width), np.bool_)
        for first in range(0, window.height, strip):
            count = min(strip, window.height - first)
            rows = make_taps(window.row + first, count, grid.scale_y, dataset.height)
            source = Window(rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start)
            part = slice(first, first + count)
            pixels[:, part], valid[part] = resample(*self._native(source), rows, columns)
        return pixels, valid
