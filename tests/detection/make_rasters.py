"""Georeferenced rasters for the tests of detection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.crs import CRS

from changen_cli.types import AnyArray, BoolArray

UTM = CRS.from_epsg(32736)
PLACE = Affine(0.5, 0, 450000.0, 0, -0.5, 9990000.0)
"""Half a metre a pixel, north up."""


def write_raster(
    path: Path,
    bands: AnyArray,
    transform: Affine | None = PLACE,
    crs: CRS | None = UTM,
    *,
    nodata: float | None = None,
    mask: BoolArray | None = None,
) -> Path:
    """Writes a GeoTIFF, tiled, of bands [C, H, W], with an internal mask if one is given."""
    count, height, width = bands.shape
    profile = {"count": count, "height": height, "width": width, "dtype": bands.dtype, "nodata": nodata}
    if crs is not None:
        profile |= {"crs": crs, "transform": transform}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "w", driver="GTiff", tiled=True, blockxsize=64, blockysize=64, **profile) as target,
    ):
        target.write(bands)
        if mask is not None:
            target.write_mask(mask)
    return path


def noise(height: int, width: int, seed: int = 0) -> AnyArray:
    """Noise without black, uint8 [3, H, W]."""
    return np.random.default_rng(seed).integers(1, 255, (3, height, width)).astype(np.uint8)
