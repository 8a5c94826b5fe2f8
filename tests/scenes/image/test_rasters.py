from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasterio.env import getenv
from rasterio.errors import RasterioIOError

from changen_cli.errors import SceneError
from changen_cli.scenes.image.rasters import BlockCache, WindowReader, open_raster, reason, to_rasterio
from changen_cli.scenes.window import Window
from changen_cli.types import UInt8Array
from tests.scenes.writing import WriteRaster


@pytest.fixture(autouse=True)
def own_cache_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own size would hide ours."""
    monkeypatch.delenv("GDAL_CACHEMAX", raising=False)


def test_the_block_cache_is_bounded_and_holds_a_row_of_tiles(write_raster: WriteRaster) -> None:
    cache = BlockCache()
    with cache.settings("a.tif"):
        assert getenv()["GDAL_CACHEMAX"] == 64_000_000
    wide = write_raster("wide.tif", np.ones((3, 4, 40_000), np.uint8))
    tiled = write_raster("t.tif", np.ones((3, 64, 64), np.uint8), tiled=True, blockxsize=32, blockysize=32)
    with open_raster(wide) as image, open_raster(tiled) as mask:
        cache.include(image)
        large = cache.size
        assert large >= 2 * 256 * 40_000 * 3
        cache.include(mask)
        assert cache.size == large
        with cache.settings("a.tif"):
            assert getenv()["GDAL_CACHEMAX"] == large
    assert BlockCache().size == 64_000_000


def test_blocks_are_kept_from_one_window_to_the_next(write_raster: WriteRaster, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (1, 256, 2048), dtype=np.uint8)
    path = write_raster("a.tif", pixels, compress="deflate", tiled=True, blockxsize=128, blockysize=128)
    cache = BlockCache()
    with open_raster(path) as dataset:
        with cache.settings("a.tif"):
            first = dataset.read(window=to_rasterio(Window(0, 0, 256, 64)))
        (tmp_path / "a.tif").write_bytes(b"\0" * 600_000)  # what is decoded already needs the file no more
        with cache.settings("a.tif"):
            second = dataset.read(window=to_rasterio(Window(0, 64, 256, 64)))
    assert np.array_equal(first, pixels[:, :, :64])
    assert np.array_equal(second, pixels[:, :, 64:128])


def test_the_users_own_cache_size_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDAL_CACHEMAX", "123")
    with BlockCache().settings("a.tif"):
        assert "GDAL_CACHEMAX" not in getenv()


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=r"gone\.tif: no such mask"):
        open_raster(str(tmp_path / "gone.tif"), "mask")
    (tmp_path / "text.tif").write_text("text")
    with pytest.raises(
        SceneError, match=r"text\.tif: cannot be opened as a raster \(.*not recognized.*\); .*copy it again"
    ):
        open_raster(str(tmp_path / "text.tif"))
    with pytest.raises(SceneError, match="cannot be opened"):
        open_raster("/vsizip/nowhere.zip/a.tif")


class Decoder:
    """Counts what is decoded, and fails once when it is told to."""

    def __init__(self, pixels: UInt8Array) -> None:
        self.pixels = pixels
        self.asked: list[Window] = []
        self.damaged = False

    def __call__(self, window: Window) -> tuple[UInt8Array]:
        if self.damaged:
            self.damaged = False
            raise RasterioIOError("damage")
        self.asked.append(window)
        rows = slice(window.row, window.row + window.height)
        return (self.pixels[:, rows, window.column : window.column + window.width],)


WHOLE = Window(0, 0, 120, 160)
PART = Window(7, 90, 20, 30)


@pytest.mark.parametrize(
    ("name", "limit", "kept"), [("a.png", 19_200, True), ("a.png", 0, False), ("a.tif", 19_200, False)]
)
def test_a_small_picture_is_decoded_once(
    write_raster: WriteRaster, image: UInt8Array, name: str, limit: int, kept: bool
) -> None:
    decode = Decoder(image)
    with open_raster(write_raster(name, image, georeferenced=False)) as dataset:
        reader = WindowReader(dataset, decode, WHOLE, limit)
    for _ in range(2):
        (part,) = reader.read(PART)
        assert np.array_equal(part, image[:, 7:27, 90:120])
    assert decode.asked == ([WHOLE] if kept else [PART, PART])
    assert reader.kept_bytes == (image.nbytes if kept else 0)
    reader.close()
    assert reader.kept_bytes == 0


def test_what_is_read_is_the_callers_to_change(write_raster: WriteRaster, image: UInt8Array) -> None:
    with open_raster(write_raster("a.png", image, georeferenced=False)) as dataset:
        reader = WindowReader(dataset, Decoder(image), WHOLE)
    reader.read(PART)[0][:] = 0
    assert reader.read(PART)[0].all()


@pytest.mark.parametrize(("name", "sticky"), [("a.png", True), ("a.tif", False)])
def test_a_picture_that_failed_once_stays_failed(
    write_raster: WriteRaster, image: UInt8Array, name: str, sticky: bool
) -> None:
    decode = Decoder(image)
    with open_raster(write_raster(name, image, georeferenced=False)) as dataset:
        reader = WindowReader(dataset, decode, WHOLE)
    decode.damaged = True
    with pytest.raises(RasterioIOError, match="damage"):
        reader.read(PART)
    if sticky:
        with pytest.raises(RasterioIOError, match="damage"):
            reader.read(PART)
        assert decode.asked == []
    else:
        assert reader.read(PART)[0].shape == (3, 20, 30)


def test_the_reason_is_one_line_of_what_gdal_said() -> None:
    error = RasterioIOError("Read failed. See previous exception for details.")
    error.__cause__ = RuntimeError("a.tif, band 1:\n  IReadBlock failed.")
    assert reason(error) == "a.tif, band 1: IReadBlock failed"
    assert reason(RasterioIOError()) == "RasterioIOError"
