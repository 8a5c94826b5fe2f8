from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import calculate_default_transform
from rasterio.warp import transform as transform_points
from skimage.io import imsave

from changen_cli.detection.rasters import RasterPair
from changen_cli.detection.windows import Images
from changen_cli.errors import SceneError
from changen_cli.scenes.window import Window
from changen_cli.types import AnyArray
from tests.detection.make_rasters import PLACE, UTM, noise, write_raster


def read_whole(before: Path, after: Path, **options: object) -> Images:
    with RasterPair(str(before), str(after), **options) as pair:  # type: ignore[arg-type]
        return pair.read(pair.grid.whole)


def test_rasters_of_one_grid_are_read_as_they_are(tmp_path: Path) -> None:
    first, second = noise(70, 90, 1), noise(70, 90, 2)
    a, b = write_raster(tmp_path / "a.tif", first), write_raster(tmp_path / "b.tif", second)
    with RasterPair(str(a), str(b)) as pair:
        assert pair.native
        before, after, valid = pair.read(Window(3, 5, 20, 30))
    np.testing.assert_array_equal(before, first[:, 3:23, 5:35])
    np.testing.assert_array_equal(after, second[:, 3:23, 5:35])
    assert valid.all()


def test_a_raster_beside_is_shifted_and_what_it_lacks_is_not_valid(tmp_path: Path) -> None:
    first, second = noise(70, 90, 1), noise(60, 50, 2)
    a = write_raster(tmp_path / "a.tif", first)
    b = write_raster(tmp_path / "b.tif", second, PLACE @ Affine.translation(20, 15))
    before, after, valid = read_whole(a, b)
    expected = np.zeros((70, 90), bool)
    expected[15:70, 20:70] = True
    np.testing.assert_array_equal(valid, expected)
    np.testing.assert_array_equal(after[:, 15:70, 20:70], second[:, :55])
    np.testing.assert_array_equal(before[:, valid], first[:, valid])
    assert not after[:, ~valid].any()


def smooth(transform: Affine, crs: CRS, height: int, width: int) -> AnyArray:
    """An image that is a function of the place, uint8 [3, H, W], whatever grid it is drawn on."""
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    x = transform.a * columns + transform.b * rows + transform.c
    y = transform.d * columns + transform.e * rows + transform.f
    xs, ys = transform_points(crs, UTM, x.ravel().tolist(), y.ravel().tolist())
    u = (np.array(xs).reshape(x.shape) - 450000) / 20
    v = (np.array(ys).reshape(x.shape) - 9990000) / 20
    return np.stack([128 + 90 * np.sin(u + k) * np.cos(v) for k in range(3)]).round().astype(np.uint8)


def test_another_crs_and_resolution_are_laid_on_the_grid_of_the_first(tmp_path: Path) -> None:
    a = write_raster(tmp_path / "a.tif", smooth(PLACE, UTM, 120, 160))
    degrees = CRS.from_epsg(4326)
    transform, width, height = calculate_default_transform(
        UTM, degrees, 160, 120, 450000, 9990000 - 60, 450000 + 80, 9990000, dst_width=300, dst_height=240
    )
    b = write_raster(tmp_path / "b.tif", smooth(transform, degrees, height, width), transform, degrees)
    before, after, valid = read_whole(a, b)
    assert valid.mean() > 0.95
    difference = np.abs(before.astype(int) - after)[:, valid]
    assert difference.max() <= 6
    assert difference.mean() < 1
    with RasterPair(str(a), str(b)) as pair:
        assert not pair.native
        part = pair.read(Window(40, 50, 30, 20))
    np.testing.assert_array_equal(part[1], after[:, 40:70, 50:70])


def test_another_resolution_is_the_mean_of_what_it_covers(tmp_path: Path) -> None:
    first, second = noise(80, 80, 1), noise(160, 160, 2)
    a = write_raster(tmp_path / "a.tif", first)
    b = write_raster(tmp_path / "b.tif", second, PLACE @ Affine.scale(0.5))
    # 0.5 m of UTM are not 0.5 m of ground to the last bit, so as the ground is measured
    with RasterPair(str(a), str(b)) as pair:
        assert pair.grid.ground_resolution is not None
        coarse = 2 * pair.grid.ground_resolution
    before, after, valid = read_whole(a, b, resolution=coarse)
    height, width = valid.shape
    assert 39 <= height <= 40
    for found, source, factor in ((before, first, 2), (after, second, 4)):
        means = source.reshape(3, 80 // 2, factor, 80 // 2, factor).mean((2, 4))[:, :height, :width]
        assert np.abs(found[:, valid].astype(float) - means[:, valid]).mean() < 2


@pytest.mark.parametrize("way", ["nodata", "mask", "alpha"])
@pytest.mark.parametrize("shift", [0, 4])
def test_what_is_no_data_in_one_is_not_valid(tmp_path: Path, way: str, shift: int) -> None:
    a = write_raster(tmp_path / "a.tif", noise(64, 64, 1))
    second, seen = noise(64, 64, 2), np.ones((64, 64), bool)
    seen[10:30, 20:50] = False
    second[:, ~seen] = 0
    transform = PLACE @ Affine.translation(shift, 0)
    if way == "nodata":
        b = write_raster(tmp_path / "b.tif", second, transform, nodata=0)
    elif way == "mask":
        b = write_raster(tmp_path / "b.tif", second, transform, mask=seen)
    else:
        alpha = np.concatenate([second, seen[None].astype(np.uint8) * np.uint8(255)])
        b = write_raster(tmp_path / "b.tif", alpha, transform)
        import rasterio
        from rasterio.enums import ColorInterp as C

        with rasterio.open(b, "r+") as target:
            target.colorinterp = (C.red, C.green, C.blue, C.alpha)
    expected = np.zeros((64, 64), bool)
    expected[:, shift:] = seen[:, : 64 - shift]
    np.testing.assert_array_equal(read_whole(a, b)[2], expected)
    np.testing.assert_array_equal(read_whole(b, a)[2][:, : 64 - shift], seen[:, : 64 - shift])


def test_pictures_without_a_georeference_lie_on_each_other(tmp_path: Path) -> None:
    first, second = noise(40, 50, 1), noise(40, 50, 2)
    for name, pixels in (("a.png", first), ("b.bmp", second)):
        imsave(tmp_path / name, pixels.transpose(1, 2, 0), check_contrast=False)
    before, after, valid = read_whole(tmp_path / "a.png", tmp_path / "b.bmp")
    np.testing.assert_array_equal(before, first)
    np.testing.assert_array_equal(after, second)
    assert valid.all()


def test_other_bands_and_pixels_are_said(tmp_path: Path) -> None:
    deep = noise(40, 50, 1).astype(np.uint16) * 10
    a = write_raster(tmp_path / "a.tif", np.concatenate([deep, deep[:1]]))
    b = write_raster(tmp_path / "b.tif", noise(40, 50, 1)[::-1])
    with pytest.raises(SceneError, match=r"a\.tif: has 4 bands and does not say which .*--bands 3,2,1"):
        read_whole(a, b)
    with pytest.raises(SceneError, match=r"a\.tif: pixels are uint16.*--rescale"):
        read_whole(a, b, bands=(1, 2, 3))
    before, after, _ = read_whole(a, b, bands=(1, 2, 3), after_bands=(3, 2, 1), rescale="0:2550")
    np.testing.assert_array_equal(before, noise(40, 50, 1))
    np.testing.assert_array_equal(after, before)
    with pytest.raises(SceneError, match=r"b\.tif: has 3 band\(s\), so there is no band 4"):
        read_whole(a, b, bands=(4, 2, 1), rescale="auto")


def test_rasters_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    a = write_raster(tmp_path / "a.tif", noise(40, 50))
    far = write_raster(tmp_path / "far.tif", noise(40, 50), PLACE @ Affine.translation(50, 0))
    with pytest.raises(SceneError, match=r"a\.tif and .*far\.tif do not overlap: they cover \(450000, "):
        RasterPair(str(a), str(far))
    none = write_raster(tmp_path / "none.tif", noise(40, 50), crs=None)
    for pair in ((a, none), (none, a)):
        with pytest.raises(SceneError, match=r"none\.tif: has no georeference .*a\.tif has one"):
            RasterPair(*map(str, pair))
    other = write_raster(tmp_path / "other.tif", noise(40, 51), crs=None)
    with pytest.raises(SceneError, match=r"other\.tif: has 51 x 40 pixels, .*none\.tif has 50 x 40, and neither"):
        RasterPair(str(none), str(other))
    with pytest.raises(SceneError, match=r"none\.tif: has no georeference that gives metres"):
        RasterPair(str(none), str(none), resolution=0.5)
    with pytest.raises(SceneError, match="nowhere: no such raster"):
        RasterPair(str(a), "nowhere")


def test_damage_is_named_where_it_is(tmp_path: Path) -> None:
    a = write_raster(tmp_path / "a.tif", noise(200, 200, 1))
    b = write_raster(tmp_path / "b.tif", noise(200, 200, 2))
    b.write_bytes(b.read_bytes()[:60_000])
    with pytest.raises(SceneError, match=r"b\.tif: .*copy it again"):
        read_whole(a, b)
