"""The tile: a window of a scene with everything the process model needs to know of it, (I_t, S_t)."""

from __future__ import annotations

from dataclasses import dataclass

from affine import Affine
from rasterio.crs import CRS
from shapely.geometry.base import BaseGeometry

from changen_cli.scenes.layout import Layout
from changen_cli.types import BoolArray, UInt8Array


@dataclass(frozen=True, slots=True)
class Tile:
    """A window of a scene.

    Attributes:
        scene: Id of the scene, unique in a run.
        id: Id of the tile, unique in its scene, made from its place: ``r<row>_c<column>`` of its top left pixel.
        image: uint8 [3, H, W], red, green, blue.
        valid: bool [H, W]; False where the source has no data (nodata, alpha, mask, NaN) or the tile overhangs it.
        layout: The footprints, clipped to the tile, in the tile's pixel coordinates.
        transform: Pixel to CRS coordinates of this tile, or None without a georeference.
        crs: Its coordinate reference system, or None.
        exclusion: Where no building may be placed (water, roads), pixel coordinates; empty if there is none.
    """

    scene: str
    id: str
    image: UInt8Array
    valid: BoolArray
    layout: Layout
    transform: Affine | None
    crs: CRS | None
    exclusion: BaseGeometry
