from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp
from shapely.geometry import box

from changen_cli.errors import SceneError, TileError
from changen_cli.scenes.discover import find_scenes
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.scene import open_scene
from changen_cli.scenes.source import LabelSource, SceneSource
from changen_cli.scenes.window import TileGrid, Window
from changen_cli.types import UInt8Array
from tests.scenes.writing import WriteRaster, WriteVector


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("a.tif", {}),
        ("a.tif", {"tiled": True, "blockxsize": 32, "blockysize": 32, "compress": "deflate"}),
        ("a.png", {"georeferenced": False}),
    ],
)
@pytest.mark.parametrize("edges", ["shift", "pad"])
def test_tile_by_tile_is_the_whole(
    write_raster: WriteRaster, image: UInt8Array, name: str, profile: dict[str, Any], edges: Literal["shift", "pad"]
) -> None:
    with open_scene(SceneSource("s", write_raster(name, image, **profile))) as scene:
        assert (scene.height, scene.width) == (120, 160)
        whole = scene.read_all()
        assert whole.id == "all"
        assert np.array_equal(whole.image, image)
        assert whole.valid.all()
        for window in TileGrid(scene.height, scene.width, 50, 10, edges):
            tile = scene.read(window)
            inside = window.within(120, 160)
            there = (slice(window.row, window.row + inside.height), slice(window.column, window.column + inside.width))
            assert tile.image.shape == (3, 50, 50)
            assert np.array_equal(tile.image[:, : inside.height, : inside.width], image[:, *there])
            assert tile.valid.sum() == inside.height * inside.width
            assert not tile.image[:, ~tile.valid].any()


@pytest.mark.parametrize("resolution", [0.25, 0.7, 1.0, 1.9])
def test_tile_by_tile_is_the_whole_at_another_resolution(
    write_raster: WriteRaster, image: UInt8Array, resolution: float
) -> None:
    valid = np.full((120, 160), 255, np.uint8)
    valid[:40, 90:] = 0
    path = write_raster("a.tif", image, valid=valid)
    with open_scene(SceneSource("s", path), ReadOptions(resolution=resolution)) as scene:
        whole = scene.read_all()
        assert not whole.valid.all()
        assert scene.ground_resolution == resolution
        for window in TileGrid(scene.height, scene.width, 23):
            tile = scene.read(window)
            there = (slice(window.row, window.row + 23), slice(window.column, window.column + 23))
            assert np.array_equal(tile.image, whole.image[:, *there])
            assert np.array_equal(tile.valid, whole.valid[there])


def test_georeference_of_a_tile_is_exact(write_raster: WriteRaster, image: UInt8Array) -> None:
    turned = Affine(0.3, 0.1, 500_000.25, 0.1, -0.3, 5_000_000.75)
    path = write_raster("a.tif", image, transform=turned)
    with open_scene(SceneSource("s", path)) as scene:
        tile = scene.read(Window(30, 40, 64, 64))
        assert tile.id == "r000030_c000040"
        assert tile.crs == scene.crs == rasterio.CRS.from_epsg(32633)
        assert tile.transform is not None
        assert tile.transform @ (0, 0) == pytest.approx(turned @ (40, 30), abs=1e-9)
        assert tile.transform @ (64, 64) == pytest.approx(turned @ (104, 94), abs=1e-9)


def test_no_georeference(write_raster: WriteRaster, image: UInt8Array) -> None:
    with open_scene(SceneSource("s", write_raster("a.png", image, georeferenced=False))) as scene:
        tile = scene.read_all()
        assert tile.transform is None
        assert tile.crs is None
        assert scene.ground_resolution is None


@pytest.mark.parametrize("how", ["nodata", "alpha", "mask", "nan"])
def test_validity(write_raster: WriteRaster, image: UInt8Array, how: str) -> None:
    gone = np.zeros((120, 160), bool)
    gone[20:50, 30:60] = True
    pixels = np.where(gone, 0, image).astype(np.uint8)
    pixels[0, 100, 100] = 0  # one band at nodata is a colour
    options = ReadOptions()
    if how == "nodata":
        path = write_raster("a.tif", pixels, nodata=0)
    elif how == "alpha":
        path = write_raster(
            "a.tif",
            np.concatenate([image, np.where(gone, 0, 255)[None].astype(np.uint8)]),
            colorinterp=(ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha),
        )
    elif how == "mask":
        path = write_raster("a.tif", image, valid=np.where(gone, 0, 255).astype(np.uint8))
    else:
        broken = image.astype(np.float32)
        broken[1, gone] = np.nan
        broken[2, 20, 30] = np.inf
        path, options = write_raster("a.tif", broken), ReadOptions(rescale="0:255")
    with open_scene(SceneSource("s", path), options) as scene:
        tile = scene.read_all()
        assert np.array_equal(tile.valid, ~gone)
        assert not tile.image[:, gone].any()
        reference = image if how in ("alpha", "mask", "nan") else pixels
        assert np.array_equal(tile.image[:, ~gone], reference[:, ~gone])


def test_footprints_that_cannot_be_seen_are_dropped(
    write_raster: WriteRaster, write_vector: WriteVector, image: UInt8Array
) -> None:
    valid = np.full((120, 160), 255, np.uint8)
    valid[:, :50] = 0
    houses = [box(10, 10, 20, 20), box(40, 40, 60, 60), box(100, 100, 110, 110)]
    labels = LabelSource("vector", write_vector("v.gpkg", houses))
    source = SceneSource("s", write_raster("a.tif", image, valid=valid), labels)
    with open_scene(source) as scene:
        assert [f.uid for f in scene.read_all().layout.footprints] == [2, 3]
        assert scene.read(Window(0, 0, 40, 40)).layout.footprints == ()


def test_16_bit(write_raster: WriteRaster) -> None:
    pixels = np.tile(np.linspace(0, 3000, 160, dtype=np.uint16), (4, 120, 1))
    path = write_raster(
        "a.tif", pixels, colorinterp=(ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.undefined)
    )
    with pytest.raises(SceneError, match=r"a\.tif: pixels are uint16.*--rescale"):
        open_scene(SceneSource("s", path))
    with open_scene(SceneSource("s", path), ReadOptions(rescale="0:3000")) as scene:
        assert scene.read_all().image[0, 0, [0, -1]].tolist() == [0, 255]
        assert scene.as_manifest()["bands"] == {"rgb": [3, 2, 1], "why": "colour interpretation"}
    with open_scene(SceneSource("s", path), ReadOptions(rescale="auto")) as scene:
        assert scene.as_manifest()["rescale"]["low"] == pytest.approx(60, abs=20)


@pytest.mark.parametrize("count", [1, 5])
def test_bands_that_need_a_word(write_raster: WriteRaster, count: int) -> None:
    path = write_raster("a.tif", np.ones((count, 20, 20), np.uint8), photometric="minisblack")
    with pytest.raises(SceneError, match=r"a\.tif: has .*--bands"):
        open_scene(SceneSource("s", path))
    with open_scene(SceneSource("s", path), ReadOptions(bands=(1, 1, 1))) as scene:
        assert scene.read_all().image.shape == (3, 20, 20)


def test_truncated_rasters(write_raster: WriteRaster, image: UInt8Array, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_raster("a.tif", image, blockysize=8)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with open_scene(SceneSource("s", str(path))) as scene:
        assert np.array_equal(scene.read(Window(0, 0, 32, 32)).image[0], image[0, :32, :32])
        with pytest.raises(TileError, match=r"a\.tif: tile r000088_c000064 cannot be read .*damaged or cut short"):
            scene.read(Window(88, 64, 32, 32))
    path.write_bytes(data[:100])
    with pytest.raises(SceneError, match=r"a\.tif: cannot be opened as a raster"):
        open_scene(SceneSource("s", str(path)))
    path.write_text("not a raster")
    with pytest.raises(SceneError, match="cannot be opened as a raster"):
        open_scene(SceneSource("s", str(path)))
    with pytest.raises(SceneError, match=r"gone\.tif: no such raster"):
        open_scene(SceneSource("s", str(tmp_path / "gone.tif")))


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_truncated_pictures(write_raster: WriteRaster, image: UInt8Array, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_raster(name, np.repeat(np.repeat(image, 4, 1), 4, 2), georeferenced=False)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with open_scene(SceneSource("s", str(path))) as scene:
        for column in (0, 64, 0):  # GDAL reports the damage once and then no more
            with pytest.raises(TileError, match=f"{name}: tile r000400_c0000"):
                scene.read(Window(400, column, 64, 64))


def test_truncated_mask_pictures(write_raster: WriteRaster, image: UInt8Array, tmp_path: Path) -> None:
    mask = np.random.default_rng(3).integers(0, 2, (120, 160), dtype=np.uint8)
    labels = LabelSource("mask", write_raster("m.png", mask, georeferenced=False))
    source = SceneSource("s", write_raster("a.tif", image), labels)
    path = tmp_path / "m.png"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with open_scene(source) as scene:
        for _ in range(2):
            with pytest.raises(TileError, match=r"m\.png: r000080_c000000 cannot be read"):
                scene.read(Window(80, 0, 32, 32))


def test_windows_must_start_in_the_scene(write_raster: WriteRaster, image: UInt8Array) -> None:
    with open_scene(SceneSource("s", write_raster("a.tif", image))) as scene:
        for window in (Window(200, 0, 8, 8), Window(-4, 0, 8, 8)):
            with pytest.raises(ValueError, match="starts outside"):
                scene.read(window)
    with pytest.raises(ValueError, match="closed"):
        scene.read_all()


def test_describe_is_json_and_source_travels(
    write_raster: WriteRaster, write_vector: WriteVector, image: UInt8Array
) -> None:
    labels = LabelSource("vector", write_vector("v.gpkg", [box(0, 0, 9, 9)]))
    source = SceneSource("s", write_raster("a.tif", image), labels)
    with open_scene(source, ReadOptions(resolution=1.0)) as scene:
        text = json.loads(json.dumps(scene.as_manifest()))
        assert text["raster"] == {"width": 160, "height": 120, "driver": "GTiff"}
        assert text["crs"] == "EPSG:32633"
        assert text["resampled"] is True
    assert pickle.loads(pickle.dumps(source)) == source


def test_nothing_is_printed(write_raster: WriteRaster, image: UInt8Array) -> None:
    path = write_raster("a.png", image, georeferenced=False)
    code = (
        "from changen_cli.scenes.scene import open_scene\nfrom changen_cli.scenes.source import SceneSource\n"
        f"open_scene(SceneSource('s', {path!r})).read_all()\nimport sys\nassert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""


@pytest.mark.real
def test_kampala(shared_data: Path) -> None:
    kampala = shared_data / "oam" / "kampala_00.tif"
    (source,) = find_scenes([str(kampala)])
    assert source.labels is not None
    assert source.labels.kind == "vector"
    with rasterio.open(kampala) as dataset:
        pixels, transform, crs = dataset.read(), dataset.transform, dataset.crs
    with rasterio.open(str(kampala).replace(".tif", "_mask.tif")) as dataset:
        mask = dataset.read(1) != 0
    with open_scene(source) as scene:
        tile = scene.read_all()
        assert np.array_equal(tile.image[:, tile.valid], pixels[:, tile.valid])
        assert (tile.transform, tile.crs) == (transform, crs)
        drawn = tile.layout.rasterize()[0] != 0
        assert not (drawn & ~mask).any()
        # The mask has one large house that the GeoJSON lacks; all else is the same, pixel for pixel.
        missing = mask & ~drawn
        missing[713:827, 467:661] = False
        assert not missing.any()
        assert len(scene.outlines()) > 50
    with open_scene(source, ReadOptions(resolution=0.5)) as scene:
        assert scene.width == pytest.approx(1536 * 0.1493 / 0.5, abs=2)
        coarse = scene.read_all()
        assert (coarse.layout.rasterize()[0] != 0).mean() == pytest.approx(drawn.mean(), rel=0.01)
        assert scene.read(Window(128, 128, 256, 256)).valid.any()
