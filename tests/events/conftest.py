"""Layouts and sites."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from shapely import affinity, box
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from changen_cli.events.base import Site
from changen_cli.scenes.layout import Footprint, Layout

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]


@pytest.fixture(scope="session")
def town() -> Layout:
    """40 buildings, turned by about 20 degrees, a gap of at least 1 px apart, some cut by the edge of 256 x 256 px."""
    draw = np.random.default_rng(0)
    canvas = box(0, 0, 256, 256)
    polygons: list[Polygon | MultiPolygon] = []
    while len(polygons) < 40:
        (w, h), (x, y) = draw.uniform(10, 28, 2), draw.uniform(0, 256, 2)
        turned = affinity.rotate(box(x - w / 2, y - h / 2, x + w / 2, y + h / 2), 20)
        outline = turned.intersection(canvas)
        if outline.area > 20 and all(outline.distance(p) > 1 for p in polygons):
            polygons.append(outline)
    return Layout(256, 256, tuple(Footprint(i + 1, p) for i, p in enumerate(polygons)))


@pytest.fixture(scope="session")
def make_layout() -> MakeLayout:
    """Makes a layout of given polygons, with uids from 1."""

    def make(*polygons: Polygon, size: tuple[int, int] = (64, 64)) -> Layout:
        return Layout(*size, tuple(Footprint(i + 1, p) for i, p in enumerate(polygons)))

    return make


@pytest.fixture(scope="session")
def make_site() -> MakeSite:
    """Makes the site of a layout: everything allowed unless told otherwise, its own whole outlines as outlines."""

    def make(layout: Layout, allowed: BaseGeometry | None = None, gap: float = 1.0, **other: Any) -> Site:
        canvas = box(0, 0, layout.width, layout.height)
        whole = [f for f in layout.footprints if canvas.contains_properly(f.polygon)]
        outlines = tuple(affinity.translate(f.polygon, -f.polygon.centroid.x, -f.polygon.centroid.y) for f in whole)
        fields: dict[str, Any] = {"outlines": outlines, "occupied": layout.footprints} | other
        return Site(canvas if allowed is None else allowed, gap, **fields)

    return make
