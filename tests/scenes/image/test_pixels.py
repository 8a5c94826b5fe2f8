from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasterio.errors import RasterioError

from changen_cli.errors import SceneError
from changen_cli.scenes.image.geobox import make_geobox
from changen_cli.scenes.image.pixels import Pixels
from changen_cli.scenes.image.rasters import BlockCache, open_raster
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.window import Window
from changen_cli.types import UInt8Array
from tests.scenes.writing import WriteRaster


@contextmanager
def opened(
    path: str, *, cache: BlockCache | None = None, limits: dict[str, int] | None = None, **options: Any
) -> Iterator[Pixels]:
    """Pixels of a raster, by ReadOptions and by limits of Pixels."""
    read = ReadOptions(**options)
    with open_raster(path) as dataset:
        grid = make_geobox(dataset, path, read.metres(), False)
        yield Pixels(dataset, path, grid, read, cache or BlockCache(), **limits or {})


def test_windows_are_parts_of_the_whole(write_raster: WriteRaster, image: UInt8Array) -> None:
    with opened(write_raster("a.tif", image)) as pixels:
        part, valid = pixels.read(Window(5, 9, 40, 30))
        assert part.dtype == np.uint8
        assert np.array_equal(part, image[:, 5:45, 9:39])
        assert valid.shape == (40, 30)
        assert valid.all()
        assert (pixels.choice.bands, pixels.rescale, pixels.kept_bytes) == ((1, 2, 3), None, 0)


def test_what_is_not_valid_is_zero(write_raster: WriteRaster, image: UInt8Array) -> None:
    valid = np.full((120, 160), 255, np.uint8)
    valid[30:60, 40:80] = 0
    with opened(write_raster("a.tif", image, valid=valid)) as pixels:
        found, known = pixels.read(Window(0, 0, 120, 160))
    assert np.array_equal(known, valid != 0)
    assert not found[:, ~known].any()
    assert np.array_equal(found[:, known], image[:, known])


@pytest.mark.parametrize("resolution", [1.0, 2.0])
def test_a_coarse_resolution_is_read_in_strips(write_raster: WriteRaster, image: UInt8Array, resolution: float) -> None:
    path = write_raster("a.tif", image)
    with (
        opened(path, resolution=resolution) as pixels,
        opened(path, resolution=resolution, limits={"strip_pixels": 2000}) as in_strips,
    ):
        window = Window(0, 0, int(60 / resolution) - 2, int(80 / resolution) - 2)
        assert np.array_equal(pixels.read(window)[0], in_strips.read(window)[0])


def test_limits_of_auto_are_found_once_for_the_scene(write_raster: WriteRaster) -> None:
    values = np.tile(np.linspace(1000, 2000, 160, dtype=np.uint16), (3, 120, 1))
    with opened(write_raster("a.tif", values), rescale="auto") as pixels:
        left, _ = pixels.read(Window(0, 0, 120, 40))
        right, _ = pixels.read(Window(0, 120, 120, 40))
        assert pixels.rescale is not None
        assert pixels.rescale.low == pytest.approx(1020, abs=10)
    assert left.max() < right.min()


def test_limits_of_a_damaged_file_name_the_remedy(write_raster: WriteRaster, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 4000, (3, 120, 160), dtype=np.uint16)
    path = write_raster("a.tif", values)
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[: len(whole) // 2])
    with (
        opened(path, rescale="auto") as pixels,
        pytest.raises(SceneError, match=r"a\.tif: limits .*--rescale LOW:HIGH"),
    ):
        assert pixels.rescale


def test_a_picture_is_decoded_once_and_let_go_of(write_raster: WriteRaster, image: UInt8Array) -> None:
    path = write_raster("a.png", image, georeferenced=False)
    with opened(path) as pixels, opened(path, limits={"kept_pixels": 0}) as by_window:
        assert np.array_equal(pixels.read(Window(5, 9, 40, 30))[0], by_window.read(Window(5, 9, 40, 30))[0])
        assert (pixels.kept_bytes, by_window.kept_bytes) == (120 * 160 * 4, 0)
        pixels.close()
        assert pixels.kept_bytes == 0


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("limit", [64_000_000, 0])
def test_damage_of_a_picture_is_told_of_every_time(
    write_raster: WriteRaster, image: UInt8Array, name: str, limit: int
) -> None:
    path = write_raster(name, np.repeat(np.repeat(image, 4, 1), 4, 2), georeferenced=False)
    data = Path(path).read_bytes()
    Path(path).write_bytes(data[: len(data) // 2])
    with opened(path, limits={"kept_pixels": limit}) as pixels:
        for column in (0, 64, 0):  # GDAL reports the damage once and then no more
            with pytest.raises(RasterioError):
                pixels.read(Window(400, column, 64, 64))


def test_the_cache_grows_for_a_wide_raster_when_it_is_opened(write_raster: WriteRaster) -> None:
    cache = BlockCache(1000)
    with opened(write_raster("a.tif", np.ones((3, 8, 40), np.uint8)), cache=cache):
        assert cache.size == 40 * 3 * 768
