"""Errors and warnings of GDAL, as rasterio passes them on, and the rasters of an output read with them."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from changen_cli.errors import StoreError
from changen_cli.scenes.image.rasters import CACHE_BYTES, to_rasterio
from changen_cli.scenes.window import Window
from changen_cli.types import AnyArray

try:
    # GDAL's own errors have no public name and are no RasterioError; tests/store/test_gdal.py fails where they move.
    from rasterio._err import CPLE_BaseError
except ImportError:
    CPLE_BaseError = RasterioError

GDAL_ERRORS: tuple[type[Exception], ...] = (RasterioError, CPLE_BaseError)
"""Whatever rasterio raises where GDAL fails."""


class _Collector(logging.Handler):
    """Keeps the messages that it is given."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def gdal_warnings() -> Iterator[list[str]]:
    """Collects the warnings of GDAL, which rasterio hands to the logging module, instead of logging them.

    Yields:
        The messages; the list grows while the block runs.
    """
    logger, collector = logging.getLogger("rasterio._env"), _Collector()
    propagate, level = logger.propagate, logger.level
    logger.addHandler(collector)
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    try:
        yield collector.messages
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate
        logger.setLevel(level)


def read_raster(path: Path, *, mask: bool = False, window: Window | None = None) -> AnyArray:
    """Reads a raster of an output.

    Args:
        path: The file; it needs no georeference.
        mask: True for its validity mask instead of its bands.
        window: The part that is read; None for all of it.

    Returns:
        [bands, H, W] in the file's dtype, or the mask, uint8 [H, W], 0 where not valid.

    Raises:
        StoreError: If it is missing or damaged.
    """
    try:
        # GDAL's fast way through a PNG gives what it happens to hold, and no error, where the file is cut off.
        with rasterio.Env(GDAL_PNG_WHOLE_IMAGE_OPTIM="NO", GDAL_CACHEMAX=CACHE_BYTES):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                source = rasterio.open(path)
            with source:
                read = source.dataset_mask if mask else source.read
                bands: AnyArray = read() if window is None else read(window=to_rasterio(window))
    except GDAL_ERRORS as error:
        raise StoreError(
            f"cannot read {path}: {error}; copy the output again, or run changen again with --overwrite"
        ) from error
    return bands


@contextmanager
def gdal(path: Path) -> Iterator[None]:
    """The settings that rasters are written with; says what GDAL could not write.

    Args:
        path: What is written.

    Raises:
        StoreError: In place of any error of GDAL.
    """
    try:
        with warnings.catch_warnings(), rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES):
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            yield
    except GDAL_ERRORS as error:
        said = " ".join(str(error).split())
        raise StoreError(
            f"cannot write {path} ({said}); see that there is space on the disk, then run the same command again"
        ) from error
