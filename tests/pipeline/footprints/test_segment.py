from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from changen_cli.pipeline.footprints.segment import read_blocks, segment, smallest
from changen_cli.scenes.blending import Windows
from changen_cli.scenes.scene import open_scene
from changen_cli.scenes.source import SceneSource
from tests.pipeline.footprints.conftest import HOUSES, SPECK, Bright

BOXES = [shapely.box(left, top, right, bottom) for top, left, bottom, right in HOUSES]


@pytest.mark.parametrize("windows", [Windows(96, 32), Windows(640, 128), Windows(64, 0)])
def test_houses_come_back_whole_however_the_scene_is_cut(bright_town: Callable[..., Path], windows: Windows) -> None:
    blocks = []
    with open_scene(SceneSource("s", str(bright_town()))) as scene:
        found = segment(scene, Bright(), "cpu", lambda: blocks.append(1), windows)
        assert len(blocks) == windows.blocks(200, 220)
    assert len(found) == len(BOXES), "and the speck is none"
    for one, box in zip(found, BOXES, strict=True):
        assert shapely.equals(shapely.normalize(one), shapely.normalize(box))


def test_the_least_area_is_on_the_ground(bright_town: Callable[..., Path]) -> None:
    with open_scene(SceneSource("s", str(bright_town()))) as scene:
        assert smallest(scene) == pytest.approx(40, rel=0.01)
    with open_scene(SceneSource("s", str(bright_town("nowhere", placed=False)))) as scene:
        assert smallest(scene) == 40


def test_what_is_not_valid_is_no_building_and_windows_of_it_are_not_shown(bright_town: Callable[..., Path]) -> None:
    path = bright_town()
    with rasterio.open(path, "r+") as file:
        file.nodata = 220
    network = Bright()
    with open_scene(SceneSource("s", str(path))) as scene:
        assert not any(built.any() for _, built in read_blocks(scene, network, "cpu", Windows(96, 32)))
    with rasterio.open(path, "r+") as file:
        file.nodata = 0
        file.write(np.zeros((3, 200, 220), np.uint8))
    network.seen = 0
    with open_scene(SceneSource("s", str(path))) as scene:
        assert len(segment(scene, network, "cpu", lambda: None)) == 0
    assert network.seen == 0
    assert SPECK
