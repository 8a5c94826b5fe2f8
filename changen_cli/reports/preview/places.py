"""Where the series of an output lie: outlines on the Earth, in groups that one map can show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from affine import Affine
from shapely.geometry import Polygon, box

from changen_cli.store.tables.geography import to_lonlat

NEAR = 0.05
"""Degrees up to which tiles belong to one map, about 5 km; a tile is a few hundred metres wide."""

Corners = tuple[tuple[float, float], ...]
"""Longitude and latitude of the upper left, upper right, lower right and lower left corner of a tile."""


def corners_of(samples: Sequence[tuple[Affine | None, str | None]], height: int, width: int) -> list[Corners | None]:
    """Finds the corners of tiles on the Earth.

    Args:
        samples: Transform and CRS of each tile.
        height: Rows of each.
        width: Columns of each.

    Returns:
        Corners in the order of the pixels; None for a tile without a place on the Earth.
    """
    square = Polygon([(0, 0), (width, 0), (width, height), (0, height)])
    moved = to_lonlat([square] * len(samples), list(samples))
    return [
        None
        if shape is None
        else tuple((round(x, 7), round(y, 7)) for x, y in shapely.get_coordinates(shape)[:4].tolist())
        for shape in moved
    ]


def group_places(corners: Sequence[Corners | None]) -> list[int | None]:
    """Puts tiles that lie near each other into one place.

    Args:
        corners: Of each tile.

    Returns:
        Numbers of places from 0 on, in the order of their first tiles; None where a tile has none.
    """
    there = [number for number, one in enumerate(corners) if one is not None]
    boxes = [Polygon(one).bounds for one in corners if one is not None]
    if not boxes:
        return [None] * len(corners)
    wide = np.array([box(a - NEAR / 2, b - NEAR / 2, c + NEAR / 2, d + NEAR / 2) for a, b, c, d in boxes])
    areas = shapely.get_parts(shapely.union_all(wide))
    # touching at a corner alone leaves two parts, each of which touches the tile: the first one counts
    tile, area = shapely.STRtree(areas).query(shapely.centroid(wide), predicate="intersects")
    raw = dict(zip(tile[::-1].tolist(), area[::-1].tolist(), strict=True))
    order: dict[int, int] = {}
    found: list[int | None] = [None] * len(corners)
    for place, number in enumerate(there):
        found[number] = order.setdefault(raw[place], len(order))
    return found
