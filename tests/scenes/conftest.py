"""Writers of small real files, shared by the tests of the package."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio

from changen_cli.types import AnyArray, UInt8Array
from tests.scenes.writing import ORIGIN, UTM, WriteRaster, WriteVector


@pytest.fixture
def write_raster(tmp_path: Path) -> WriteRaster:
    """Writes a raster of [C, H, W] or [H, W] pixels under tmp_path and returns its path."""

    def write(name: str, pixels: AnyArray, *, georeferenced: bool = True, valid: Any = None, **profile: Any) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        bands = pixels[None] if pixels.ndim == 2 else pixels
        driver = {".png": "PNG", ".jpg": "JPEG"}.get(path.suffix, "GTiff")
        place = {"crs": UTM, "transform": ORIGIN} if georeferenced else {}
        settings = {"driver": driver, "dtype": bands.dtype, "count": len(bands), **place, **profile}
        interpretation = settings.pop("colorinterp", None)
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(path, "w", height=bands.shape[1], width=bands.shape[2], **settings) as dataset,
        ):
            dataset.write(bands)
            if interpretation is not None:
                dataset.colorinterp = interpretation
            if valid is not None:
                dataset.write_mask(valid)
        return str(path)

    return write


@pytest.fixture
def write_vector(tmp_path: Path) -> WriteVector:
    """Writes geometries, given in pixel coordinates of a raster of write_raster, and returns the path."""

    def write(name: str, geometries: list[Any], *, crs: str | None = UTM, pixels: bool = True, **options: Any) -> str:
        import shapely

        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if pixels:
            a, b, c, d, e, f = tuple(ORIGIN)[:6]
            move = lambda xy: xy @ np.array([[a, d], [b, e]]) + np.array([c, f])  # noqa: E731
            geometries = [None if g is None else shapely.transform(g, move) for g in geometries]
        frame = geopandas.GeoDataFrame({"n": range(len(geometries))}, geometry=list(geometries), crs=UTM)
        frame = frame.to_crs(crs) if crs is not None else frame.set_crs(None, allow_override=True)
        if path.suffix == ".parquet":
            frame.to_parquet(path, **options)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # a file without a CRS is what some tests are about
                frame.to_file(path, **options)
        return str(path)

    return write


@pytest.fixture
def image() -> UInt8Array:
    """A colourful picture of 120 x 160 pixels, uint8 [3, H, W]."""
    return np.random.default_rng(7).integers(1, 255, (3, 120, 160), dtype=np.uint8)
