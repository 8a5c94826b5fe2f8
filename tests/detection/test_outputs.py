from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from changen_cli.detection.outputs import NO_DATA, ChangeRasters, probability_path
from changen_cli.detection.windows import Block
from changen_cli.errors import StoreError
from changen_cli.scenes.image.geobox import GeoBox
from changen_cli.scenes.window import Window
from changen_cli.types import Float32Array
from tests.detection.make_rasters import PLACE, UTM


def test_blocks_become_two_cogs(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    probability = draw.random((600, 700)).astype(np.float32)
    valid = draw.random((600, 700)) < 0.9
    valid[:512, :512] = False  # a block with nothing is not written
    with ChangeRasters(tmp_path, GeoBox(600, 700, PLACE, UTM), 0.25, 512) as rasters:
        for row in (0, 512):
            for column in (0, 512):
                window = Window(row, column, 512, 512).within(600, 700)
                rows, columns = slice(row, row + window.height), slice(column, column + window.width)
                rasters.write(Block(window, probability[rows, columns], valid[rows, columns]))
        rasters.join({"WEIGHTS": "mine"})
        mask, probabilities = rasters.pack(tmp_path)
    kept = probability.astype(np.float16).astype(np.float32)
    with rasterio.open(mask) as found:
        assert found.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert found.tags()["WEIGHTS"] == "mine"
        assert (found.crs, found.transform, found.nodata) == (UTM, PLACE, NO_DATA)
        assert found.overviews(1) == [2]
        assert found.colormap(1)[1] == (255, 255, 255, 255)
        expected = np.where(valid, kept >= 0.25, NO_DATA)
        np.testing.assert_array_equal(found.read(1), expected)
        np.testing.assert_array_equal(found.read_masks(1) != 0, valid)
    with rasterio.open(probabilities) as found:
        assert found.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert np.isnan(found.nodata)
        np.testing.assert_array_equal(found.read(1), np.where(valid, kept, np.nan))
    assert rasters.valid == np.count_nonzero(valid)
    assert rasters.changed == np.count_nonzero(expected == 1)


def test_pixels_without_a_place_have_none(tmp_path: Path) -> None:
    with ChangeRasters(tmp_path, GeoBox(20, 30, None, None), 0.5, 100) as rasters:
        rasters.write(Block(Window(0, 0, 20, 30), np.full((20, 30), 0.75, np.float32), np.ones((20, 30), bool)))
        rasters.join({})
        mask, _ = rasters.pack(tmp_path)
    with rasterio.open(mask) as found:
        assert found.crs is None
        assert found.transform.is_identity
        assert (found.read(1) == 1).all()


def test_rows_that_are_complete_are_found_again(tmp_path: Path) -> None:
    grid = GeoBox(250, 150, PLACE, UTM)
    ones, empty = np.ones((100, 100), np.float32), np.zeros((100, 100), bool)

    def blocks(row: int, valid: bool) -> list[Block]:
        windows = [Window(row, column, 100, 100).within(250, 150) for column in (0, 100)]
        shown = ones > 0 if valid else empty
        return [Block(w, ones[: w.height, : w.width], shown[: w.height, : w.width]) for w in windows]

    with ChangeRasters(tmp_path, grid, 0.5, 100) as rasters:
        for block in (*blocks(0, True), *blocks(100, False), blocks(200, True)[0]):
            rasters.write(block)
        assert (rasters.rows, rasters.valid, rasters.changed) == (2, 15_000, 15_000)
    with ChangeRasters(tmp_path, grid, 0.5, 100) as rasters:
        assert (rasters.rows, rasters.valid, rasters.changed) == (2, 15_000, 15_000)
        for block in blocks(200, True):
            rasters.write(block)
        rasters.join({})
    with rasterio.open(rasters.mask) as found:
        pixels = found.read(1)
    assert (pixels[:100] == 1).all()
    assert (pixels[100:200] == NO_DATA).all()
    assert (pixels[200:] == 1).all()
    (tmp_path / "done-000001.json").write_text("[1")  # cut off: that row and those after it are made anew
    assert ChangeRasters(tmp_path, grid, 0.5, 100).rows == 1


def test_names() -> None:
    assert probability_path(Path("a/change.v2.tif")) == Path("a/change.v2_probability.tif")


def test_what_gdal_cannot_write_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot write .*there is space on the disk"):
        ChangeRasters(tmp_path / "nowhere", GeoBox(512, 512, None, None), 0.5, 512).write(
            Block(Window(0, 0, 512, 512), np.ones((512, 512), np.float32), np.ones((512, 512), bool))
        )


@pytest.mark.parametrize("room", ["300k", "2500k"])
def test_a_full_disk_is_said(mount: Callable[[str], Path], room: str) -> None:
    """Whether the pixels do not fit, or what they are put together and packed to (2.4 MB each) does not."""
    disk = mount(f"size={room}")
    probability = np.random.default_rng(0).random((512, 512)).astype(np.float32)
    with pytest.raises(StoreError, match=r"cannot write .*there is space on the disk"):
        fill(disk, probability)


def fill(disk: Path, probability: Float32Array) -> None:
    with ChangeRasters(disk, GeoBox(512, 2048, PLACE, UTM), 0.5, 512) as rasters:
        for column in range(0, 2048, 512):
            rasters.write(Block(Window(0, column, 512, 512), probability, np.ones((512, 512), bool)))
        rasters.join({})
        rasters.pack(disk)
