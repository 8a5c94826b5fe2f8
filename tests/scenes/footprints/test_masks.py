from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from rasterio.io import MemoryFile
from shapely.geometry import MultiPolygon

from changen_cli.errors import SceneError, TileError
from changen_cli.scenes.footprints.masks import MaskLabels, sample_windows
from changen_cli.scenes.image.geobox import GeoBox, make_geobox
from changen_cli.scenes.image.rasters import BlockCache, open_raster
from changen_cli.scenes.layout import Layout
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.scene import open_scene
from changen_cli.scenes.source import LabelSource, SceneSource
from changen_cli.scenes.window import Window
from changen_cli.types import AnyArray, UInt8Array
from tests.scenes.writing import WriteRaster


def in_memory(mask: AnyArray, min_area: float = 0.0, **profile: Any) -> Layout:
    """Mask values to a layout, through a real file in memory."""
    height, width = mask.shape
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", height=height, width=width, count=1, dtype=mask.dtype, **profile) as dataset:
            dataset.write(mask, 1)
        with memory.open() as image:
            grid = make_geobox(image, memory.name, None, False)
            labels = MaskLabels(
                memory.name, image, memory.name, grid, "s", ReadOptions(min_area=min_area), BlockCache()
            )
            found = labels.footprints(grid.whole)
            labels.close()
    return Layout(height, width, found)


@settings(max_examples=60)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.sampled_from([0, 1])))
def test_drawing_the_polygons_gives_the_mask_back(mask: AnyArray) -> None:
    layout = in_memory(mask)
    classes, instances = layout.rasterize()
    assert np.array_equal(classes, mask)
    assert all(f.polygon.is_valid for f in layout.footprints)
    count = len(layout.footprints)
    assert [f.uid for f in layout.footprints] == list(range(1, count + 1))
    # Neighbours by an edge are of one footprint, and uids are met in order by a scan.
    same = instances[:, 1:][(mask[:, 1:] != 0) & (mask[:, :-1] != 0)]
    assert np.array_equal(same, instances[:, :-1][(mask[:, 1:] != 0) & (mask[:, :-1] != 0)])
    met = list(dict.fromkeys(instances[instances != 0].tolist()))
    assert met == sorted(met)


@settings(max_examples=40)
@given(
    hnp.arrays(np.uint16, st.tuples(st.integers(2, 12), st.integers(2, 12)), elements=st.sampled_from([0, 2, 7, 900]))
)
def test_instance_ids_are_kept(mask: AnyArray) -> None:
    _, instances = in_memory(mask).rasterize()
    assert np.array_equal(instances, mask)


def test_an_instance_in_two_parts_is_one_footprint() -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[2:6, 2:6] = mask[10:14, 10:14] = 9
    mask[2:6, 6:10] = 4
    layout = in_memory(mask)
    assert [f.uid for f in layout.footprints] == [4, 9]
    assert isinstance(layout.footprints[1].polygon, MultiPolygon)
    as_mask = in_memory((mask != 0).astype(np.uint8) * 255)
    assert len(as_mask.footprints) == 2


def test_small_holes_are_filled_and_specks_dropped() -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[2:12, 2:12] = 255
    mask[4, 4:7] = 0
    mask[8:10, 8:10] = 0
    mask[15, 15:18] = 255
    classes, _ = in_memory(mask, min_area=4.0).rasterize()
    assert classes[4, 4:7].all()
    assert not classes[8:10, 8:10].any()
    assert not classes[15].any()


def test_nodata_and_nan_are_background() -> None:
    mask = np.zeros((8, 8), np.float32)
    mask[1:4, 1:4] = 1
    mask[5:] = np.nan
    assert in_memory(mask).rasterize()[0].sum() == 9
    marked = np.where(np.isnan(mask), 255, mask).astype(np.uint8)
    assert in_memory(marked, nodata=255).rasterize()[0].sum() == 9


def test_values_that_are_no_ids() -> None:
    with pytest.raises(TileError, match="whole numbers from 0"):
        in_memory(np.full((8, 8), 0.5, np.float32))
    with pytest.raises(TileError, match="whole numbers from 0"):
        in_memory(np.full((8, 8), -3, np.int16))


def test_one_bit_png(write_raster: WriteRaster, image: UInt8Array) -> None:
    mask = np.zeros((120, 160), np.uint8)
    mask[10:30, 10:30] = 1
    path = write_raster("m.png", mask, georeferenced=False, NBITS=1)
    source = SceneSource("s", write_raster("a.png", image, georeferenced=False), LabelSource("mask", path))
    with open_scene(source) as scene:
        layout = scene.read_all().layout
        assert np.array_equal(layout.rasterize()[0], mask)
        assert scene.kept_bytes == 120 * 160 * 5
        assert scene.as_manifest()["footprints"]["instances"] is False


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("m.tif", {"shape": (60, 80)}, r"mask of 80 x 60 pixels for the image .*a\.tif of 160 x 120"),
        ("m.tif", {"bands": 5}, "mask with 5 bands; give one band"),
        ("m.jpg", {}, "lossy"),
        ("m.tif", {"profile": {"compress": "jpeg"}}, "lossy"),
        ("m.tif", {"profile": {"transform": rasterio.Affine(0.5, 0, 500_010, 0, -0.5, 5_000_000)}}, "lies elsewhere"),
    ],
)
def test_masks_that_do_not_fit(
    write_raster: WriteRaster, image: UInt8Array, name: str, change: dict[str, Any], message: str
) -> None:
    mask = np.zeros((change.get("bands", 1), *change.get("shape", (120, 160))), np.uint8)
    path = write_raster(name, mask, **change.get("profile", {}))
    source = SceneSource("s", write_raster("a.tif", image), LabelSource("mask", path))
    with pytest.raises(SceneError, match=message):
        open_scene(source)


def test_missing_and_empty_masks(write_raster: WriteRaster, image: UInt8Array, tmp_path: Path) -> None:
    path = write_raster("a.tif", image)
    with pytest.raises(SceneError, match=r"gone\.tif: no such mask"):
        open_scene(SceneSource("s", path, LabelSource("mask", str(tmp_path / "gone.tif"))))
    mask = LabelSource("mask", write_raster("m.tif", np.zeros((120, 160), np.uint8)))
    with open_scene(SceneSource("s", path, mask)) as scene:
        assert scene.read_all().layout.footprints == ()
        assert scene.outlines() == ()


def test_a_truncated_mask_fails_only_where_it_is_damaged(
    write_raster: WriteRaster, image: UInt8Array, tmp_path: Path
) -> None:
    mask = np.random.default_rng(0).integers(0, 2, (120, 160), dtype=np.uint8)
    labels = LabelSource("mask", write_raster("m.tif", mask, blockysize=8))
    source = SceneSource("s", write_raster("a.tif", image), labels)
    data = (tmp_path / "m.tif").read_bytes()
    (tmp_path / "m.tif").write_bytes(data[: len(data) // 2])
    with open_scene(source, ReadOptions(min_area=0)) as scene:
        assert np.array_equal(scene.read(Window(0, 0, 32, 32)).layout.rasterize()[0], mask[:32, :32])
        with pytest.raises(TileError, match=r"m\.tif: r000088_c000000 cannot be read"):
            scene.read(Window(88, 0, 32, 32))


def test_at_another_resolution_outlines_are_scaled_not_resampled(write_raster: WriteRaster, image: UInt8Array) -> None:
    mask = np.zeros((120, 160), np.uint8)
    mask[10:33, 21:40] = 1
    labels = LabelSource("mask", write_raster("m.tif", mask))
    source = SceneSource("s", write_raster("a.tif", image), labels)
    with open_scene(source, ReadOptions(resolution=1.0)) as scene:
        (footprint,) = scene.read_all().layout.footprints
        scale = scene.width / 160
        assert footprint.polygon.bounds == pytest.approx((21 * scale, 10 * scale, 40 * scale, 33 * scale), rel=0.01)
        (shape,) = scene.outlines()
        assert shape.area == pytest.approx(footprint.polygon.area)
        left, right = scene.read(Window(0, 0, 60, 15)), scene.read(Window(0, 15, 60, 15))
        drawn = np.concatenate([t.layout.rasterize()[0] for t in (left, right)], axis=1)
        assert np.array_equal(drawn, scene.read(Window(0, 0, 60, 30)).layout.rasterize()[0])


def test_shapes_are_whole_centred_and_do_not_depend_on_what_was_read(
    write_raster: WriteRaster, image: UInt8Array
) -> None:
    mask = np.zeros((120, 160), np.uint8)
    for row in range(0, 110, 20):
        for column in range(0, 150, 20):
            mask[row : row + 6 + column // 40, column : column + 8] = 255
    labels = LabelSource("mask", write_raster("m.tif", mask))
    source = SceneSource("s", write_raster("a.tif", image), labels)
    with open_scene(source) as one, open_scene(source) as two:
        one.read(Window(40, 40, 64, 64))
        assert one.outlines() == two.outlines()
        assert len(one.outlines()) == 5 * 7  # those on the upper and left edge may go on beyond it
        assert len(one.outlines(limit=10)) == 10
        for shape in one.outlines():
            assert (shape.centroid.x, shape.centroid.y) == pytest.approx((0, 0), abs=1e-9)


def test_sample_windows_of_a_large_scene_are_few_and_keyed() -> None:
    grid = GeoBox(100_000, 100_000, None, None)
    windows = sample_windows(grid, "s", 16, 1024)
    assert 1 < len(windows) <= 16
    assert windows == sample_windows(grid, "s", 16, 1024)
    assert windows != sample_windows(grid, "t", 16, 1024)


@pytest.mark.parametrize("labels", ["mask", "instances"])
@pytest.mark.parametrize("resolution", [None, 0.8])
def test_everything_is_the_whole_window_whatever_the_blocks(
    town: Callable[..., Path], tmp_path: Path, labels: str, resolution: float | None
) -> None:
    path = str(town(tmp_path, labels=labels))
    with open_raster(path) as image:
        grid = make_geobox(image, path, resolution, False)
        mask = MaskLabels(
            str(tmp_path / "town_mask.tif"), image, path, grid, "town", ReadOptions(min_area=16), BlockCache(), block=70
        )
        got, wanted = mask.everything(), mask.footprints(grid.whole)
        mask.close()
    assert [f.uid for f in got] == [f.uid for f in wanted]
    assert len(got) > 50
    assert all(shapely.equals(a.polygon, b.polygon) for a, b in zip(got, wanted, strict=True)) or resolution
    drawn = [Layout(grid.height, grid.width, found).rasterize()[1] for found in (got, wanted)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
