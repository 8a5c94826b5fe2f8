"""Opening rasters with one manner of error, and the GDAL settings that reading needs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window as RasterioWindow

from changen_cli.errors import SceneError
from changen_cli.scenes.source import is_remote
from changen_cli.scenes.window import Window

# Drivers that decode a file from its first byte on, so that reading tiles would decode it again and again.
_SEQUENTIAL = frozenset({"PNG", "JPEG", "GIF", "WEBP", "BMP"})
_SEQUENTIAL_LIMIT = 64_000_000
_CACHE_BYTES = 64_000_000  # in bytes: rasterio hands the number to GDAL as it is, so 64 would be no cache at all
_largest_cache = _CACHE_BYTES  # only grows: a smaller one, set to read a mask, would throw out blocks of the image

# GDAL's short cut for whole PNG files returns zeros, and no error, for what is missing of a file that was cut short.
_SETTINGS = {"GDAL_PNG_WHOLE_IMAGE_OPTIM": "NO", "GDAL_ERROR_ON_LIBJPEG_WARNING": "YES"}


def open_raster(path: str, what: str = "raster") -> Any:
    """Opens a raster for reading.

    Args:
        path: Anything rasterio opens.
        what: What the file is to the user, for messages.

    Returns:
        A rasterio dataset.

    Raises:
        SceneError: If there is no such file, or it cannot be opened as a raster with bands.
    """
    if not is_remote(path) and not os.path.exists(path):
        raise SceneError(f"{path}: no such {what}; check the path")
    try:
        with warnings.catch_warnings(), gdal_settings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path)
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
    return dataset


def gdal_settings(dataset: Any = None) -> Any:
    """Returns the environment to read in: a block cache of fixed size, or memory would grow with the input.

    Args:
        dataset: What will be read; a striped raster so wide that two rows of tiles do not fit gets a larger cache,
            since it would otherwise be decoded again for every tile of a row.
    """
    if "GDAL_CACHEMAX" in os.environ:
        return rasterio.Env(**_SETTINGS)
    global _largest_cache
    if dataset is not None and dataset.block_shapes[0][1] == dataset.width:
        line = dataset.width * sum(_bytes(dtype) for dtype in dataset.dtypes)
        _largest_cache = max(_largest_cache, line * 768)
    return rasterio.Env(GDAL_CACHEMAX=_largest_cache, **_SETTINGS)


class Access:
    """How the windows of a raster are read: one by one, or from a copy that was decoded once.

    A format without random access decodes from its first byte on, so small rasters of that kind (up to 64 megapixels)
    are read whole and kept. Once GDAL has met damage in such a file, it may return other windows of it wrong and say
    nothing; so what failed once stays failed, and no window of a damaged small picture is used.
    """

    def __init__(self, dataset: Any) -> None:
        """Looks at the format.

        Args:
            dataset: Open rasterio dataset.
        """
        self._sequential = dataset.driver in _SEQUENTIAL
        self.keep = self._sequential and dataset.width * dataset.height <= _SEQUENTIAL_LIMIT
        self._failed: RasterioError | None = None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Surrounds every read of the raster."""
        if self._failed is not None:
            raise self._failed
        try:
            yield
        except RasterioError as error:
            if self._sequential:
                self._failed = error
            raise


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
