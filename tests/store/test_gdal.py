from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from rasterio.warp import transform

from changen_cli.errors import StoreError
from changen_cli.store.formats.levir import encode_png
from changen_cli.store.gdal import GDAL_ERRORS, gdal, gdal_warnings, read_raster


def test_errors_of_gdal_that_rasterio_gives_no_public_name_are_caught() -> None:
    """Where this fails, rasterio has moved or renamed them, and changen_cli/store/gdal.py has to follow."""
    with pytest.raises(GDAL_ERRORS) as caught:
        transform(CRS.from_epsg(32636), CRS.from_epsg(4326), [1e12], [1e12])
    assert not isinstance(caught.value, RasterioError)


def test_warnings_are_collected_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    shape = {"count": 1, "height": 8, "width": 8, "dtype": "uint8"}
    with gdal_warnings() as warned, MemoryFile() as file, file.open(driver="GTiff", colour="red", **shape):
        pass
    assert len(warned) == 1
    assert "COLOUR" in warned[0].upper()
    assert caplog.text == ""


def test_bands_and_validity_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    bands = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    valid = bands[0] > 3
    with rasterio.open(path, "w", driver="GTiff", count=3, height=4, width=5, dtype="uint8") as target:
        target.write(bands)
        target.write_mask(valid)
    np.testing.assert_array_equal(read_raster(path), bands)
    np.testing.assert_array_equal(read_raster(path, mask=True) != 0, valid)


def test_a_damaged_raster_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\x00")
    with pytest.raises(StoreError, match=r"cannot read .*a\.tif"):
        read_raster(path)


def test_what_gdal_cannot_write_is_said(tmp_path: Path) -> None:
    shape = {"count": 1, "height": 8, "width": 8, "dtype": "uint8"}
    with pytest.raises(StoreError, match=r"cannot write .*nowhere.*there is space on the disk"), gdal(tmp_path):
        rasterio.open(tmp_path / "nowhere" / "a.tif", "w", driver="GTiff", **shape)
    with pytest.raises(ZeroDivisionError), gdal(tmp_path):  # what is not GDAL's passes
        _ = 1 / 0


@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_png_that_is_cut_off_is_an_error(tmp_path: Path, share: float) -> None:
    """GDAL's fast way through a whole PNG gives garbage instead."""
    path = tmp_path / "a.png"
    noise = np.random.default_rng(3).integers(0, 256, (3, 64, 64)).astype(np.uint8)
    path.write_bytes(encode_png(noise))
    np.testing.assert_array_equal(read_raster(path), noise)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(StoreError, match=r"cannot read .*a\.png"):
        read_raster(path)
