"""Scenes that crops are drawn from: towns in memory, written GeoTIFFs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely

from changen_cli.scenes.layout import Layout
from changen_cli.scenes.tile import Tile
from changen_cli.training.config.crops import CropOptions
from changen_cli.training.config.source import DataConfig
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.discover import load_scenes
from changen_cli.training.data.scenes import Drawable, TrainingScene
from changen_cli.types import BoolArray, UInt8Array

MakeScene = Callable[..., TrainingScene]
MakeSampler = Callable[..., CropSampler]


@pytest.fixture
def towns(tiny_scenes: Path) -> DataConfig:
    """Three scenes, PNG with masks, all of whose pixels are valid and one of which is held out."""
    return DataConfig(str(tiny_scenes), val=("town_2",))


@pytest.fixture(scope="module")
def scenes(tiny_scenes: Path) -> list[Drawable]:
    """The towns in memory."""
    return load_scenes([DataConfig(str(tiny_scenes))])[0]


@pytest.fixture(scope="session")
def make_scene() -> MakeScene:
    """Makes a scene in memory of pixels and a layout; all valid unless said otherwise."""

    def make(
        image: UInt8Array, layout: Layout, source: DataConfig | None = None, valid: BoolArray | None = None
    ) -> TrainingScene:
        everywhere = np.ones(image.shape[1:], np.bool_)
        tile = Tile("s", "all", image, everywhere if valid is None else valid, layout, None, None, shapely.Polygon())
        return TrainingScene(tile, (), source or DataConfig("a"))

    return make


@pytest.fixture(scope="session")
def make_sampler() -> MakeSampler:
    """Makes a sampler of crops of 64 pixels; other options by name."""

    def make(
        scenes: Sequence[Drawable], *, seed: int = 5, stream: str = "train", classes: int = 2, **crops: Any
    ) -> CropSampler:
        return CropSampler(scenes, CropOptions(**{"size": 64, **crops}), seed=seed, stream=stream, classes=classes)

    return make


def write_scene(folder: Path, name: str, side: int, key: int) -> None:
    """Writes a picture with a band of it not valid, and a mask of rectangles."""
    draw = np.random.default_rng(key)
    image = draw.integers(1, 255, (3, side, side), dtype=np.uint8)
    mask = np.zeros((side, side), np.uint8)
    for row, column in draw.integers(0, side - 30, (side // 6, 2)).tolist():
        height, width = draw.integers(8, 28, 2).tolist()
        mask[row : row + height, column : column + width] = 1
    valid = np.full((side, side), 255, np.uint8)
    valid[:, : side // 8] = 0
    place = {"driver": "GTiff", "height": side, "width": side, "dtype": "uint8"}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(folder / f"{name}.tif", "w", count=3, **place) as dataset,
    ):
        dataset.write(image)
        dataset.write_mask(valid)
    with rasterio.open(folder / f"{name}_mask.tif", "w", count=1, **place) as dataset:
        dataset.write(mask, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three scenes of two sizes, ``a.tif``, ``b.tif`` and ``held.tif``, with their masks."""
    for key, (name, side) in enumerate((("a", 320), ("b", 200), ("held", 256))):
        write_scene(tmp_path, name, side, key)
    return tmp_path


@pytest.fixture
def written(folder: Path) -> DataConfig:
    """These scenes, one of them held out."""
    return DataConfig(str(folder), val=("held",))
