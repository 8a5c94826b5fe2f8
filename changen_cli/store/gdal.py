"""What GDAL says when it is not content, by way of rasterio."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rasterio._err import CPLE_BaseError  # has no public name, and is no RasterioError
from rasterio.errors import RasterioError

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
    """Collects what GDAL warns of, which rasterio hands to the logging module, instead of showing it.

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
