"""Scenes that crops are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely

from changen_cli.scenes.layout import Layout
from changen_cli.scenes.tile import Tile
from changen_cli.training.config.crops import CropOptions
from changen_cli.training.config.source import DataConfig
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.scenes import Drawable, TrainingScene, load_scenes
from changen_cli.types import BoolArray, UInt8Array

MakeScene = Callable[..., TrainingScene]
MakeSampler = Callable[..., CropSampler]


@pytest.fixture(scope="module")
def scenes(tiny_scenes: Path) -> list[Drawable]:
    """The towns of the tiny recipe, in memory."""
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

    def make(scenes: list[Drawable], *, seed: int = 5, stream: str = "train", **crops: object) -> CropSampler:
        options = CropOptions(**{"size": 64, **crops})  # type: ignore[arg-type]
        return CropSampler(scenes, options, seed=seed, stream=stream, classes=2)

    return make
