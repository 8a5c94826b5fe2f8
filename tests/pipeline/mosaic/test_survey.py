from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from changen_cli.events.ground import allowed_ground
from changen_cli.pipeline.mosaic.survey import parts_of, survey
from changen_cli.scenes.options import ReadOptions
from changen_cli.scenes.scene import open_scene
from changen_cli.scenes.source import LabelSource, SceneSource
from changen_cli.scenes.window import Window


def test_parts_cover_a_scene() -> None:
    assert list(parts_of(30, 50, 32)) == [Window(0, 0, 30, 32), Window(0, 32, 30, 18)]


@pytest.mark.parametrize("side", [64, 100, 1000])
def test_a_scene_is_what_one_tile_of_it_would_be(
    town: Callable[..., Path], outlines: Callable[..., Path], tmp_path: Path, side: int
) -> None:
    path = town(tmp_path)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as file:
        valid = np.add.outer(np.arange(300), np.arange(500)) > 333
        valid[200:, 300:333] = False
        file.write_mask(valid)
    lake = str(outlines(tmp_path / "lake.gpkg", [shapely.box(380, 100, 450, 280)]))
    source = SceneSource("town", str(path), LabelSource("vector", str(tmp_path / "town_buildings.gpkg")))
    with open_scene(source, ReadOptions(exclude=lake)) as scene:
        found, tile = survey(scene, side), scene.read_all()
    assert found.valid == valid.sum()
    assert not found.whole
    assert found.layout == tile.layout
    assert 0 < len(found.layout.footprints) < 63
    assert shapely.equals(found.allowed, allowed_ground(tile))


def test_a_scene_that_is_whole(town: Callable[..., Path], tmp_path: Path) -> None:
    source = SceneSource("town", str(town(tmp_path)), LabelSource("vector", str(tmp_path / "town_buildings.gpkg")))
    with open_scene(source) as scene:
        found = survey(scene, 128)
    assert found.whole
    assert shapely.equals(found.allowed, shapely.box(0, 0, 500, 300))
