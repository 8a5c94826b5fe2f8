from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from changen_cli.events.ground import allowed_ground
from changen_cli.scenes.layout import Layout
from changen_cli.scenes.tile import Tile
from changen_cli.types import BoolArray


def tile(valid: BoolArray, exclusion: BaseGeometry) -> Tile:
    height, width = valid.shape
    image = np.zeros((3, height, width), np.uint8)
    return Tile("s", "t", image, valid, Layout(height, width), None, None, exclusion)


def test_building_is_allowed_on_valid_ground() -> None:
    valid = np.ones((20, 30), np.bool_)
    assert allowed_ground(tile(valid, shapely.Polygon())).equals(shapely.box(0, 0, 30, 20))
    valid[:, :10] = False
    valid[5:7, 20:22] = False
    ground = allowed_ground(tile(valid, shapely.box(25, 0, 30, 20)))
    assert ground.is_valid
    assert ground.equals(shapely.box(10, 0, 25, 20).difference(shapely.box(20, 5, 22, 7)))
    assert allowed_ground(tile(np.zeros((4, 4), np.bool_), shapely.Polygon())).is_empty
