"""The rasters of a whole scene: put together block by block, then packed as cloud optimised GeoTIFFs.

A COG has its overviews before its pixels, so it cannot be written as the pixels come. They are put into plain GeoTIFFs,
which take no room where there is nothing, and packed at the end; GDAL does so in memory that does not grow with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.io import DatasetWriter

from changen_cli.scenes.image.rasters import to_rasterio
from changen_cli.scenes.window import Window
from changen_cli.store.gdal import GDAL_ERRORS, gdal, gdal_warnings
from changen_cli.types import AnyArray, BoolArray

_PLAIN: Mapping[str, object] = {
    "driver": "GTiff", "tiled": True, "compress": "deflate", "zlevel": 1, "bigtiff": "IF_SAFER", "sparse_ok": True,
    "blockxsize": 512, "blockysize": 512,
}  # fmt: skip
_COG: Mapping[str, object] = {"driver": "COG", "bigtiff": "IF_SAFER", "sparse_ok": True}


@dataclass(frozen=True, slots=True)
class RasterKind:
    """What is said of one raster before its pixels.

    Attributes:
        name: Of the file.
        bands: 3 for an image, whose validity is kept as an internal mask, or 1 for labels.
        dtype: Of its pixels.
        packing: Creation options of the COG driver.
        colors: Colour table of a single band.
    """

    name: str
    bands: int
    dtype: str
    packing: Mapping[str, object] = field(default_factory=dict)
    colors: Mapping[int, tuple[int, int, int, int]] | None = None


class SceneRasters:
    """Rasters of one size in the making; a context manager that closes them."""

    def __init__(
        self,
        folder: Path,
        kinds: Sequence[RasterKind],
        size: tuple[int, int],
        transform: Affine | None,
        crs: CRS | None,
        *,
        masked: bool,
    ) -> None:
        """Makes the plain files, empty.

        Args:
            folder: Where they are put together, and packed.
            kinds: The rasters.
            size: Rows and columns.
            transform: Pixel to CRS, or None.
            crs: CRS, or None.
            masked: Whether images have pixels that are not valid.

        Raises:
            StoreError: If they cannot be made.
        """
        self.folder, self.kinds, self.masked = folder, kinds, masked
        shape: dict[str, object] = {"height": size[0], "width": size[1]}
        if crs is not None and transform is not None:
            shape |= {"crs": crs, "transform": transform}
        self._open: dict[str, DatasetWriter] = {}
        with gdal(folder), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            for kind in kinds:
                file = rasterio.open(self._plain(kind), "w", **_PLAIN, **shape, count=kind.bands, dtype=kind.dtype)
                self._open[kind.name] = file
                if kind.colors is not None:
                    # Before the pixels: a TIFF cannot turn into a palette image afterwards.
                    file.write_colormap(1, dict(kind.colors))
                if kind.bands == 3:
                    file.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)

    def write(self, window: Window, pixels: Mapping[str, AnyArray], valid: BoolArray) -> None:
        """Writes a part of all rasters.

        Args:
            window: Where it is; parts do not overlap, and begin at multiples of 512.
            pixels: By name of the raster, [bands, H, W].
            valid: bool [H, W].

        Raises:
            StoreError: If the disk is full.
        """
        where = to_rasterio(window)
        with gdal(self.folder), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            for kind in self.kinds:
                if valid.any():  # else everything is 0, as what is not written
                    self._open[kind.name].write(pixels[kind.name], window=where)
                if kind.bands == 3 and self.masked:
                    self._open[kind.name].write_mask(valid.astype(np.uint8) * np.uint8(255), window=where)

    def pack(self) -> Iterator[str]:
        """Packs one raster after the other, and deletes what it was packed from.

        Yields:
            The name of each when it is done.

        Raises:
            StoreError: If the disk is full, or GDAL does not take the creation options.
        """
        with gdal(self.folder):
            for file in self._open.values():
                file.close()
        for kind in self.kinds:
            plain = self._plain(kind)
            with gdal(self.folder), gdal_warnings(), rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
                rasterio.shutil.copy(plain, self.folder / kind.name, **_COG, **kind.packing)
            plain.unlink()
            yield kind.name

    def _plain(self, kind: RasterKind) -> Path:
        return self.folder / f"{kind.name}.plain"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._open.values():
            with suppress(*GDAL_ERRORS):  # of what is thrown away; the error that led here is the one to report
                file.close()
