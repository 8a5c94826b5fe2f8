from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from changen_cli.errors import StoreError
from changen_cli.rng import generator
from changen_cli.scenes.window import Window
from changen_cli.store.scene_rasters import RasterKind, SceneRasters

KINDS = [
    RasterKind("t0.tif", 3, "uint8", {"compress": "deflate", "overview_resampling": "average"}),
    RasterKind("mask.tif", 1, "uint8", {"compress": "deflate"}, {0: (0, 0, 0, 255), 1: (9, 8, 7, 255)}),
    RasterKind("ids.tif", 1, "int32"),
]
SIZE = 700, 1100


def write(folder: Path, *, masked: bool = True) -> list[str]:
    draw = generator("rasters")
    place = Affine(0.5, 0, 7e5, 0, -0.5, 1e5)
    with SceneRasters(folder, KINDS, SIZE, place, CRS.from_epsg(32636), masked=masked) as rasters:
        for row in range(0, 700, 512):
            for column in range(0, 1100, 512):
                window = Window(row, column, 512, 512).within(*SIZE)
                shape = window.height, window.width
                valid = np.full(shape, not masked or column > 0)
                image = draw.integers(1, 256, (3, *shape)).astype(np.uint8) * valid
                ids = np.full((1, *shape), row + column + 70_000, np.int32) * valid
                rasters.write(window, {"t0.tif": image, "mask.tif": (ids > 0).view(np.uint8), "ids.tif": ids}, valid)
        return list(rasters.pack())


def test_parts_become_cogs(tmp_path: Path) -> None:
    assert write(tmp_path) == ["t0.tif", "mask.tif", "ids.tif"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ids.tif", "mask.tif", "t0.tif"]
    for kind in KINDS:
        with rasterio.open(tmp_path / kind.name) as file:
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert (file.shape, file.count, file.dtypes[0]) == (SIZE, kind.bands, kind.dtype)
            assert file.overviews(1)
            assert file.crs.to_epsg() == 32636
            if kind.bands == 3:
                np.testing.assert_array_equal(file.dataset_mask()[:, :512], 0)
                np.testing.assert_array_equal(file.dataset_mask()[:, 512:], 255)
                assert (file.read()[:, :, 512:] > 0).all()
            if kind.colors:
                assert file.colormap(1)[1] == (9, 8, 7, 255)
                assert set(np.unique(file.read(1))) == {0, 1}
            if kind.dtype == "int32":
                assert file.read(1)[600, 1050] == 512 + 1024 + 70_000


def test_images_without_gaps_have_no_mask(tmp_path: Path) -> None:
    write(tmp_path, masked=False)
    with rasterio.open(tmp_path / "t0.tif") as file:
        assert [flag.name for flag in file.mask_flag_enums[0]] == ["all_valid"]


@pytest.mark.parametrize("room", ["1m", "2m"])
def test_a_full_disk_is_said(mount: Callable[[str], Path], room: str) -> None:
    """Whether the pixels do not fit, or what they are packed to does not."""
    with pytest.raises(StoreError, match="there is space on the disk"):
        write(mount(f"size={room}"))
