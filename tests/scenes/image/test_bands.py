from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.enums import ColorInterp

from changen_cli.errors import SceneError
from changen_cli.scenes.image.bands import BandChoice, choose_bands
from tests.scenes.writing import WriteRaster

GREY, RED, GREEN, BLUE, ALPHA = (
    ColorInterp.gray,
    ColorInterp.red,
    ColorInterp.green,
    ColorInterp.blue,
    ColorInterp.alpha,
)
NONE = ColorInterp.undefined


def choose(path: str, bands: tuple[int, int, int] | None = None) -> BandChoice:
    with rasterio.open(path) as dataset:
        return choose_bands(dataset, path, bands)


@pytest.mark.parametrize(
    ("meanings", "bands", "why"),
    [
        ((BLUE, GREEN, RED, NONE), (3, 2, 1), "colour interpretation"),
        ((RED, GREEN, BLUE, ALPHA), (1, 2, 3), "colour interpretation"),
        ((GREY, NONE, NONE), (1, 2, 3), "three bands in order"),
        ((GREY, NONE, NONE, ALPHA), (1, 2, 3), "three bands in order"),
    ],
)
def test_what_the_raster_tells(
    write_raster: WriteRaster, meanings: tuple[ColorInterp, ...], bands: tuple[int, int, int], why: str
) -> None:
    path = write_raster("a.tif", np.ones((len(meanings), 8, 8), np.uint8), colorinterp=meanings)
    choice = choose(path)
    assert (choice.bands, choice.why) == (bands, why)


def test_what_the_user_says_comes_first(write_raster: WriteRaster) -> None:
    path = write_raster("a.tif", np.ones((5, 8, 8), np.uint8))
    assert choose(path, (5, 3, 2)).bands == (5, 3, 2)
    with pytest.raises(SceneError, match=r"a\.tif: has 5 band.*no band 6"):
        choose(path, (6, 1, 2))


@pytest.mark.parametrize(("count", "remedy"), [(1, "--bands 1,1,1"), (2, "--bands 1,2,2"), (5, "--bands 3,2,1")])
def test_unclear_bands_ask_for_a_word(write_raster: WriteRaster, count: int, remedy: str) -> None:
    meanings = [GREY] + [NONE] * (count - 1)
    path = write_raster("a.tif", np.ones((count, 8, 8), np.uint8), colorinterp=meanings)
    with pytest.raises(SceneError, match=rf"a\.tif: has .*{remedy}"):
        choose(path)


def test_palette_and_complex_are_refused(write_raster: WriteRaster) -> None:
    path = write_raster("p.tif", np.ones((8, 8), np.uint8), photometric="palette")
    with pytest.raises(SceneError, match=r"palette.*-expand rgb"):
        choose(path)
    path = write_raster("c.tif", np.ones((3, 8, 8), np.complex64))
    with pytest.raises(SceneError, match="complex"):
        choose(path)
