"""Where building is allowed on a tile; one rule for generating and training."""

from __future__ import annotations

import numpy as np
import shapely
from rasterio.features import shapes as vectorize
from shapely.geometry.base import BaseGeometry

from changen_cli.scenes.tile import Tile
from changen_cli.types import BoolArray


def allowed_ground(tile: Tile) -> BaseGeometry:
    """Returns where a new footprint may lie: valid pixels, less the exclusion.

    Args:
        tile: A tile, with validity and exclusion.

    Returns:
        An area in pixel coordinates of the tile; empty if no pixel is valid.
    """
    height, width = tile.valid.shape
    ground: BaseGeometry = shapely.box(0, 0, width, height) if tile.valid.all() else outline_of(tile.valid)
    return ground if tile.exclusion.is_empty else shapely.difference(ground, tile.exclusion)


def outline_of(valid: BoolArray) -> BaseGeometry:
    """Returns the area of the valid pixels, bool [H, W], in pixel coordinates; empty if there are none."""
    parts = [shapely.geometry.shape(geometry) for geometry, _ in vectorize(valid.view(np.uint8), mask=valid)]
    return shapely.union_all(parts)
