from __future__ import annotations

import numpy as np
import pytest
import rasterio

from changen_cli.errors import SceneError
from changen_cli.scenes.image.bands import choose_bands
from changen_cli.scenes.image.rescale import Rescale, check_rescale, make_rescale
from changen_cli.scenes.options import ReadOptions
from tests.scenes.writing import WriteRaster


def made(path: str, how: str | None, **limit: int) -> Rescale | None:
    with rasterio.open(path) as dataset:
        choice = choose_bands(dataset, path, None)
        check_rescale(dataset, path, choice, ReadOptions(rescale=how))
        return make_rescale(dataset, dataset.name, choice, ReadOptions(rescale=how), **limit)


def limits(path: str, how: str | None, **limit: int) -> Rescale:
    rescale = made(path, how, **limit)
    assert rescale is not None
    return rescale


def test_linear_and_clipped() -> None:
    values = np.array([-5, 0, 1500, 3000, 9000], np.int32)
    assert Rescale(0, 3000, "").apply(values).tolist() == [0, 0, 128, 255, 255]
    assert Rescale(0, 1, "").apply(np.array([np.nan, np.inf, -np.inf, 0.5])).tolist() == [0, 255, 0, 128]


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32])
def test_other_than_8_bit_needs_a_word(write_raster: WriteRaster, dtype: type[np.generic]) -> None:
    path = write_raster("deep.tif", np.ones((3, 8, 8), dtype))
    with pytest.raises(SceneError, match=r"deep\.tif: pixels are .*--rescale 0:3000, or --rescale auto"):
        limits(path, None)


def test_8_bit_is_left_alone(write_raster: WriteRaster) -> None:
    assert made(write_raster("a.tif", np.ones((3, 8, 8), np.uint8)), "0:3000") is None


def test_auto_takes_percentiles_of_valid_pixels(write_raster: WriteRaster) -> None:
    pixels = np.tile(np.linspace(1000, 2000, 101, dtype=np.uint16), (3, 50, 1))
    pixels[:, :20] = 0
    found = limits(write_raster("a.tif", pixels, nodata=0), "auto")
    assert (found.low, found.high) == (1020, 1980)


def test_auto_of_nothing_and_of_one_value(write_raster: WriteRaster) -> None:
    assert limits(write_raster("a.tif", np.zeros((3, 8, 8), np.uint16), nodata=0), "auto").high == 1
    flat = limits(write_raster("b.tif", np.full((3, 8, 8), 7, np.uint16)), "auto")
    assert (flat.low, flat.high) == (7, 8)
    nan = limits(write_raster("c.tif", np.full((3, 8, 8), np.nan, np.float32)), "auto")
    assert (nan.low, nan.high) == (0, 1)


def test_huge_rasters_are_sampled_in_patches(write_raster: WriteRaster) -> None:
    pixels = np.tile(np.linspace(1000, 2000, 400, dtype=np.uint16), (3, 300, 1))
    path = write_raster("a.tif", pixels)
    whole = limits(path, "auto")
    patches = limits(path, "auto", whole_pixels=100)
    assert patches == limits(path, "auto", whole_pixels=100)
    assert patches.low == pytest.approx(whole.low, abs=60)
    assert patches.high == pytest.approx(whole.high, abs=60)
