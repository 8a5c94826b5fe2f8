"""The rasters of detected change: a mask and probabilities, as cloud optimised GeoTIFFs.

They are put together block by block in plain GeoTIFFs, of which what has no data takes no room, and packed at the end:
a COG has its overviews before its pixels, so it cannot be written as the pixels come.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.io import DatasetWriter

from changen_cli.detection.windows import Block
from changen_cli.scenes.image.geobox import GeoBox
from changen_cli.scenes.image.rasters import to_rasterio
from changen_cli.store.formats.geotiff import change_colors
from changen_cli.store.gdal import GDAL_ERRORS, gdal

NO_DATA = 255
"""Of the mask, where one of the two dates has no image; probabilities are NaN there."""

COG: Mapping[str, object] = {
    "driver": "COG", "compress": "deflate", "level": 6, "bigtiff": "IF_SAFER", "sparse_ok": True,
}  # fmt: skip
_PLAIN: Mapping[str, object] = {
    "driver": "GTiff", "count": 1, "tiled": True, "compress": "deflate", "zlevel": 1, "bigtiff": "IF_SAFER",
    "sparse_ok": True,
}  # fmt: skip


def probability_path(mask: Path) -> Path:
    """Returns where the probabilities lie: beside the mask, NAME_probability.tif."""
    return mask.with_name(f"{mask.stem}_probability{mask.suffix}")


class ChangeRasters:
    """The mask and the probabilities in the making; a context manager that closes them.

    Attributes:
        mask: Path of the plain mask.
        probability: Path of the plain probabilities.
        valid: Pixels with data so far.
        changed: Of those, pixels that changed.
    """

    def __init__(self, folder: Path, grid: GeoBox, threshold: float, block: int) -> None:
        """Makes both files, empty.

        Args:
            folder: Where they are put together.
            grid: Their size and georeference.
            threshold: Probability from which a pixel counts as changed.
            block: Rows and columns that come at once.

        Raises:
            StoreError: If they cannot be made.
        """
        self.mask, self.probability = folder / "mask.tif", folder / "probability.tif"
        self.valid = self.changed = 0
        self._threshold = threshold
        side = block if block % 16 == 0 else 512  # what comes at once is packed once
        shape: dict[str, object] = {"height": grid.height, "width": grid.width, "blockxsize": side, "blockysize": side}
        if grid.crs is not None and grid.transform is not None:
            shape |= {"crs": grid.crs, "transform": grid.transform}
        with gdal(self.mask):
            self._mask: DatasetWriter = rasterio.open(self.mask, "w", **_PLAIN, **shape, dtype="uint8", nodata=NO_DATA)
            self._mask.write_colormap(1, change_colors())  # before the pixels, or it is refused
            self._probability: DatasetWriter = rasterio.open(
                self.probability, "w", **_PLAIN, **shape, dtype="float32", nodata=np.nan
            )

    def write(self, block: Block) -> None:
        """Writes a block.

        Probabilities are kept to half precision, 11 bits, which packs to half the size.

        Raises:
            StoreError: If the disk is full.
        """
        if not block.valid.any():
            return
        probability = block.probability.astype(np.float16).astype(np.float32)
        change = (probability >= self._threshold).astype(np.uint8)
        self.valid += int(np.count_nonzero(block.valid))
        self.changed += int(np.count_nonzero(change[block.valid]))
        change[~block.valid] = NO_DATA
        probability[~block.valid] = np.nan
        where = to_rasterio(block.window)
        with gdal(self.mask):
            self._mask.write(change, 1, window=where)
            self._probability.write(probability, 1, window=where)

    def close(self, tags: Mapping[str, str]) -> None:
        """Finishes both files.

        Args:
            tags: What is written into their metadata.

        Raises:
            StoreError: If the disk is full.
        """
        with gdal(self.mask):
            for dataset in (self._mask, self._probability):
                dataset.update_tags(**tags)
                dataset.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(*GDAL_ERRORS):  # of what is thrown away; the error that led here is the one to report
            self._mask.close()
            self._probability.close()

    def pack(self, folder: Path) -> tuple[Path, Path]:
        """Packs both, after :meth:`close`, as cloud optimised GeoTIFFs with overviews.

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
