from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.env import getenv
from rasterio.errors import RasterioIOError

from changen_cli.errors import SceneError
from changen_cli.scenes.image import rasters
from changen_cli.scenes.image.rasters import Access, gdal_settings, open_raster


@pytest.fixture(autouse=True)
def fresh_cache(monkeypatch):
    monkeypatch.delenv("GDAL_CACHEMAX", raising=False)
    monkeypatch.setattr(rasters, "_largest_cache", rasters._CACHE_BYTES)


def test_the_block_cache_is_bounded_and_holds_a_row_of_tiles(write_raster):
    with gdal_settings():
        assert getenv()["GDAL_CACHEMAX"] == 64_000_000
    wide = write_raster("wide.tif", np.ones((3, 4, 40_000), np.uint8))
    tiled = write_raster("t.tif", np.ones((3, 64, 64), np.uint8), tiled=True, blockxsize=32, blockysize=32)
    with open_raster(wide) as image, open_raster(tiled) as mask:
        with gdal_settings(image):
            large = getenv()["GDAL_CACHEMAX"]
        assert large >= 2 * 256 * 40_000 * 3
        with gdal_settings(mask):
            assert getenv()["GDAL_CACHEMAX"] == large


def test_blocks_are_kept_from_one_window_to_the_next(write_raster, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (1, 256, 2048), dtype=np.uint8)
    path = write_raster("a.tif", pixels, compress="deflate", tiled=True, blockxsize=128, blockysize=128)
    with open_raster(path) as dataset:
        with gdal_settings(dataset):
            first = dataset.read(window=rasterio.windows.Window(0, 0, 64, 256))
        (tmp_path / "a.tif").write_bytes(b"\0" * 600_000)  # what is decoded already needs the file no more
        with gdal_settings(dataset):
            second = dataset.read(window=rasterio.windows.Window(64, 0, 64, 256))
    assert np.array_equal(first, pixels[:, :, :64])
    assert np.array_equal(second, pixels[:, :, 64:128])


def test_the_users_own_cache_size_is_kept(monkeypatch):
    monkeypatch.setenv("GDAL_CACHEMAX", "123")
    with gdal_settings():
        assert "GDAL_CACHEMAX" not in getenv()


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(SceneError, match=r"gone\.tif: no such mask"):
        open_raster(str(tmp_path / "gone.tif"), "mask")
    (tmp_path / "text.tif").write_text("text")
    with pytest.raises(
        SceneError, match=r"text\.tif: cannot be opened as a raster \(.*not recognized.*\); .*copy it again"
    ):
        open_raster(str(tmp_path / "text.tif"))
    with pytest.raises(SceneError, match="cannot be opened"):
        open_raster("/vsizip/nowhere.zip/a.tif")


@pytest.mark.parametrize(("name", "sticky"), [("a.png", True), ("a.tif", False)])
def test_a_picture_that_failed_once_stays_failed(write_raster, image, name, sticky):
    with open_raster(write_raster(name, image, georeferenced=False)) as dataset:
        access = Access(dataset)
        assert access.keep is sticky
        with pytest.raises(RasterioIOError), access.reading():
            raise RasterioIOError("damage")
        if sticky:
            with pytest.raises(RasterioIOError, match="damage"), access.reading():
                pytest.fail("must not be read again")
        else:
            with access.reading():
                assert dataset.read().shape == (3, 120, 160)
