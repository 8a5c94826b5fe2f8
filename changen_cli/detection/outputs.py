"""The rasters of detected change: a mask and probabilities, as cloud optimised GeoTIFFs.

Each row of blocks has plain GeoTIFFs of its own, of which what has no data takes no room, so that a run that was killed
goes on after the last complete row. They are put together and packed at the end: a COG has its overviews before its
pixels, so it cannot be written as the pixels come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.io import DatasetWriter
from rasterio.windows import Window as RasterioWindow

from changen_cli.detection.windows import Block
from changen_cli.files import write_whole
from changen_cli.scenes.image.geobox import GeoBox
from changen_cli.scenes.image.rasters import to_rasterio
from changen_cli.scenes.window import Window
from changen_cli.store.formats.geotiff import change_colors
from changen_cli.store.gdal import GDAL_ERRORS, gdal

NO_DATA = 255
"""Of the mask, where one of the two dates has no image; probabilities are NaN there."""

COG: Mapping[str, object] = {
    "driver": "COG", "compress": "deflate", "level": 6, "bigtiff": "IF_SAFER", "sparse_ok": True,
}  # fmt: skip
STRIPS = ("mask", "probability")
"""Names of the files of a row of blocks."""

_PLAIN: Mapping[str, object] = {
    "driver": "GTiff", "count": 1, "tiled": True, "compress": "deflate", "zlevel": 1, "bigtiff": "IF_SAFER",
    "sparse_ok": True,
}  # fmt: skip


def probability_path(mask: Path) -> Path:
    """Returns where the probabilities lie: beside the mask, NAME_probability.tif."""
    return mask.with_name(f"{mask.stem}_probability{mask.suffix}")


class ChangeRasters:
    """The mask and the probabilities in the making, one pair of files for each row of blocks.

    A row that is complete stays complete if the run is killed: :attr:`rows` says how many there are.

    Attributes:
        mask: Path of the plain mask, there after :meth:`join`.
        probability: Path of the plain probabilities.
        rows: Rows of blocks that are complete, from the first.
        valid: Pixels with data in them.
        changed: Of those, pixels that changed.
    """

    def __init__(self, folder: Path, grid: GeoBox, threshold: float, block: int) -> None:
        """Looks at what is there of an earlier run.

        Args:
            folder: Where they are put together.
            grid: Their size and georeference.
            threshold: Probability from which a pixel counts as changed.
            block: Rows and columns that come at once.
        """
        self.mask, self.probability = folder / "mask.tif", folder / "probability.tif"
        self._folder, self._grid, self._threshold, self._block = folder, grid, threshold, block
        self.rows = self.valid = self.changed = 0
        self._open: tuple[DatasetWriter, DatasetWriter] | None = None
        self._now = [0, 0]
        while (counts := _read_counts(self._counts(self.rows))) is not None:
            self.valid, self.changed, self.rows = self.valid + counts[0], self.changed + counts[1], self.rows + 1

    def write(self, block: Block) -> None:
        """Writes a block; they come row by row, from row :attr:`rows` on.

        Probabilities are kept to half precision, 11 bits, which packs to half the size.

        Raises:
            StoreError: If the disk is full.
        """
        window = block.window
        if block.valid.any():
            probability = block.probability.astype(np.float16).astype(np.float32)
            change = (probability >= self._threshold).astype(np.uint8)
            self._now[0] += int(np.count_nonzero(block.valid))
            self._now[1] += int(np.count_nonzero(change[block.valid]))
            change[~block.valid] = NO_DATA
            probability[~block.valid] = np.nan
            with gdal(self.mask):
                if self._open is None:
                    mask, probabilities = (self._strip(name, self.rows) for name in STRIPS)
                    self._open = self._create(mask, probabilities, window.height)
                where = to_rasterio(Window(0, window.column, window.height, window.width))
                for dataset, pixels in zip(self._open, (change, probability), strict=True):
                    dataset.write(pixels, 1, window=where)
        if window.column + window.width == self._grid.width:
            self._finish_row()

    def _finish_row(self) -> None:
        """Closes the files of a row, and then says that it is complete."""
        with gdal(self.mask):
            self._close()
        write_whole(self._counts(self.rows), json.dumps(self._now))
        self.rows, self.valid, self.changed = self.rows + 1, self.valid + self._now[0], self.changed + self._now[1]
        self._now = [0, 0]

    def join(self, tags: Mapping[str, str]) -> None:
        """Puts the rows together, after the last of them.

        Args:
            tags: What is written into the metadata of both files.

        Raises:
            StoreError: If the disk is full.
        """
        with gdal(self.mask):
            self._open = self._create(self.mask, self.probability, self._grid.height, placed=True)
            for name, dataset in zip(STRIPS, self._open, strict=True):
                if name == STRIPS[0]:
                    dataset.write_colormap(1, change_colors())  # before the pixels, or it is refused
                for row in range(self.rows):
                    self._copy(self._strip(name, row), dataset, row * self._block)
                dataset.update_tags(**tags)
            self._close()

    @staticmethod
    def _copy(strip: Path, target: DatasetWriter, top: int) -> None:
        if not strip.exists():  # nothing in it is valid
            return
        with rasterio.open(strip) as source:
            for _, part in source.block_windows(1):
                moved = RasterioWindow(part.col_off, top + part.row_off, part.width, part.height)
                target.write(source.read(1, window=part), 1, window=moved)

    def _create(
        self, mask: Path, probability: Path, height: int, *, placed: bool = False
    ) -> tuple[DatasetWriter, DatasetWriter]:
        side = self._block if self._block % 16 == 0 else 512  # what comes at once is packed once
        shape: dict[str, object] = {"height": height, "width": self._grid.width, "blockxsize": side, "blockysize": side}
        if placed and self._grid.crs is not None and self._grid.transform is not None:
            shape |= {"crs": self._grid.crs, "transform": self._grid.transform}
        return (
            rasterio.open(mask, "w", **_PLAIN, **shape, dtype="uint8", nodata=NO_DATA),
            rasterio.open(probability, "w", **_PLAIN, **shape, dtype="float32", nodata=np.nan),
        )

    def _strip(self, name: str, row: int) -> Path:
        return self._folder / f"{name}-{row:06d}.tif"

    def _counts(self, row: int) -> Path:
        return self._folder / f"done-{row:06d}.json"

    def _close(self) -> None:
        for dataset in self._open or ():
            dataset.close()
        self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(*GDAL_ERRORS):  # of a row that is not complete; the error that led here is the one to report
            self._close()

    def pack(self, folder: Path) -> tuple[Path, Path]:
        """Packs both, after :meth:`join`, as cloud optimised GeoTIFFs with overviews.

        Args:
            folder: Where they are written.

        Returns:
            Paths of the mask and of the probabilities.

        Raises:
            StoreError: If the disk is full.
        """
        packed = folder / "mask.cog.tif", folder / "probability.cog.tif"
        with gdal(self.mask):
            for source, path, options in (
                (self.mask, packed[0], {"overview_resampling": "mode", "predictor": "no"}),
                (self.probability, packed[1], {"overview_resampling": "average", "predictor": "yes"}),
            ):
                rasterio.shutil.copy(source, path, **COG, **options)
        return packed


def _read_counts(path: Path) -> tuple[int, int] | None:
    """Returns valid and changed pixels of a row that is complete; None of one that is not."""
    try:
        valid, changed = json.loads(path.read_text(encoding="ascii"))
        return int(valid), int(changed)
    except (OSError, ValueError, TypeError):
        return None
