"""Opening rasters and reading windows of them: one manner of error, and the GDAL settings that reading needs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import TypeAlias

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window as RasterioWindow

from changen_cli.errors import SceneError
from changen_cli.scenes.image import drivers
from changen_cli.scenes.image.remote import network_settings
from changen_cli.scenes.readable import require_readable
from changen_cli.scenes.window import Window
from changen_cli.types import AnyArray

Raster: TypeAlias = DatasetReader | WarpedVRT
"""An open raster."""

CACHE_BYTES = 64_000_000
"""Size of GDAL's block cache where no raster needs more."""

MOST_CACHE_BYTES = 1_000_000_000
"""Size up to which that cache grows for wide rasters."""

BLOCK_BYTES = 1_000_000_000
"""Most bytes of one block (strip or tile, all bands), which is decoded whole for any pixel of it."""

KEPT_PIXELS = 64_000_000
"""Most pixels of a raster without random access that is decoded once and kept."""

DECODED_PIXELS = 256_000_000
"""Most pixels of a raster without random access that is read at all, by default."""

_CACHED_ROWS = 768  # of pixels: three rows of tiles of 256
_SEQUENTIAL = frozenset({"PNG", "JPEG", "GIF", "WEBP", "BMP"})
"""Drivers that decode a file from its first byte on, so that reading tiles would decode it again and again."""

# GDAL's short cut for whole PNG files returns zeros, and no error, for what is missing of a file that was cut short.
_SETTINGS = {"GDAL_PNG_WHOLE_IMAGE_OPTIM": "NO", "GDAL_ERROR_ON_LIBJPEG_WARNING": "YES", **drivers.SETTINGS}


def open_raster(path: str, what: str = "raster", decoded_pixels: float = DECODED_PIXELS) -> Raster:
    """Opens a raster for reading, and judges what reading it would take; reads no pixel.

    Args:
        path: A raster of one of :data:`~changen_cli.scenes.image.drivers.DRIVERS`, or a VRT by its name.
        what: What the file is to the user, for messages.
        decoded_pixels: Most pixels of a format without random access.

    Raises:
        SceneError: If there is no such file, it cannot be opened as a raster with bands, or too much of it would have
            to be decoded at once.
    """
    require_readable(path, what)
    try:
        with warnings.catch_warnings(), rasterio.Env(**_SETTINGS, **network_settings(path)):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = DatasetReader(path, driver=drivers.drivers_for(path))  # rasterio.open takes only one driver
    except (RasterioError, OSError) as error:
        raise SceneError(
            f"{path}: cannot be opened as a {what} ({reason(error)}); if gdalinfo cannot open it either, it is damaged "
            "or cut short: copy it again"
        ) from error
    if dataset.count == 0:
        inner = ", ".join(dataset.subdatasets[:4])
        dataset.close()
        remedy = f"name one of its subdatasets: {inner}" if inner else "give a raster with bands"
        raise SceneError(f"{path}: holds no bands of its own; {remedy}")
    try:
        _judge(dataset, path, decoded_pixels)
    except SceneError:
        dataset.close()
        raise
    return dataset


def _judge(dataset: Raster, path: str, decoded_pixels: float) -> None:
    pixels = dataset.width * dataset.height
    if dataset.driver in _SEQUENTIAL and pixels > decoded_pixels:
        raise SceneError(
            f"{path}: is a {dataset.driver} of {dataset.width} x {dataset.height} pixels, which must be "
            f"decoded from its first one on, and more than {decoded_pixels / 1e6:g} megapixels are not; convert it "
            f"(gdal_translate -co TILED=YES -co COMPRESS=DEFLATE {path} tiled.tif), or raise --max-decoded"
        )
    rows, columns = dataset.block_shapes[0]
    block = rows * columns * sum(_bytes(dtype) for dtype in dataset.dtypes)
    if block > BLOCK_BYTES:
        raise SceneError(
            f"{path}: says it is stored in blocks of {columns} x {rows} pixels, {block / 1e9:.1f} GB each, of which at "
            f"most {BLOCK_BYTES / 1e9:g} GB are read; tile it (gdal_translate -co TILED=YES {path} tiled.tif), or it "
            "is damaged: copy it again"
        )


class BlockCache:
    """The size of GDAL's block cache, which all rasters of a process share; without one, memory grows with the input.

    It is settled when rasters are opened and only grows: a smaller one, set to read the mask of a scene, would drop the
    blocks of its image. So scenes that are read by turns share one. Picklable.

    Attributes:
        size: In bytes: rasterio hands the number to GDAL as it is, so 64 would be no cache at all.
    """

    def __init__(self, size: int = CACHE_BYTES) -> None:
        """Starts with a size in bytes."""
        self.size = size

    def include(self, dataset: Raster) -> None:
        """Grows for a striped raster so wide that two rows of tiles do not fit.

        It would otherwise be decoded again for every tile of a row. Beyond :data:`MOST_CACHE_BYTES` it is.
        """
        if dataset.block_shapes[0][1] == dataset.width:
            line = dataset.width * sum(_bytes(dtype) for dtype in dataset.dtypes)
            self.size = max(self.size, min(line * _CACHED_ROWS, MOST_CACHE_BYTES))

    def settings(self, path: str) -> rasterio.Env:
        """Returns the environment to read a raster in; a ``GDAL_CACHEMAX`` that the user has set holds.

        Args:
            path: The raster; its kind decides whether addresses are asked.
        """
        settings = {**_SETTINGS, **network_settings(path)}
        return (
            rasterio.Env(**settings)
            if "GDAL_CACHEMAX" in os.environ
            else rasterio.Env(GDAL_CACHEMAX=self.size, **settings)
        )


class WindowReader:
    """Reads windows of a raster, one by one or out of a copy that was decoded once.

    A format without random access is decoded from its first byte on, so rasters of such a format are read whole and
    kept, up to a limit. Once GDAL has met damage in such a file, it may return other windows of it wrong and say
    nothing; so after a failure every read of it fails, and no window of a damaged small picture is used.
    """

    def __init__(
        self,
        dataset: Raster,
        decode: Callable[[Window], tuple[AnyArray, ...]],
        whole: Window,
        kept_pixels: int = KEPT_PIXELS,
    ) -> None:
        """Looks at the format; reads nothing.

        Args:
            dataset: The raster.
            decode: Reads a window of it: arrays whose last two axes are the rows and columns of the window.
            whole: The window of everything.
            kept_pixels: Most pixels of a raster that is kept.
        """
        self._decode, self._whole = decode, whole
        self._sequential = dataset.driver in _SEQUENTIAL
        self._keep = self._sequential and dataset.width * dataset.height <= kept_pixels
        self._kept: tuple[AnyArray, ...] | None = None
        self._failed: RasterioError | None = None

    @property
    def kept_bytes(self) -> int:
        """Bytes of decoded pixels that are kept in memory."""
        return 0 if self._kept is None else sum(array.nbytes for array in self._kept)

    def read(self, window: Window) -> tuple[AnyArray, ...]:
        """Reads a window.

        Returns:
            Arrays as ``decode`` gives them; copies that the caller may change.

        Raises:
            RasterioError: If the file is damaged there.
        """
        if self._failed is not None:
            raise self._failed
        try:
            if self._keep and self._kept is None:
                self._kept = self._decode(self._whole)
            if self._kept is None:
                return self._decode(window)
        except RasterioError as error:
            if self._sequential:
                self._failed = error
            raise
        rows = slice(window.row, window.row + window.height)
        columns = slice(window.column, window.column + window.width)
        return tuple(array[..., rows, columns].copy() for array in self._kept)

    def close(self) -> None:
        """Drops what is kept."""
        self._kept = None


def to_rasterio(window: Window) -> RasterioWindow:
    """Returns a window in rasterio's terms."""
    return RasterioWindow(window.column, window.row, window.width, window.height)


def reason(error: BaseException) -> str:
    """Returns what GDAL said, in one line; rasterio keeps it in the cause of its own error."""
    said = str(error.__cause__ or error) or type(error).__name__
    return " ".join(said.split()).rstrip(".")


def _bytes(dtype: str) -> int:
    digits = "".join(c for c in dtype if c.isdigit())
    return int(digits or 8) // 8
