from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from rasterio.features import rasterize, shapes
from shapely import affinity
from shapely.geometry import Polygon, shape

from changen_cli.events.geometry import main_directions, outline_array
from changen_cli.pipeline.footprints.straighten import AGREEMENT, straighten

RECTANGLE = shapely.box(20, 30, 60, 50)
L = Polygon([(20, 20), (70, 20), (70, 40), (40, 40), (40, 70), (20, 70)])


def traced(outline: Polygon) -> Polygon:
    """An outline as it comes back from the pixels that it draws."""
    mask = rasterize([outline], (100, 100), dtype="uint8")
    largest = max((shape(found) for found, value in shapes(mask) if value), key=lambda found: found.area)
    assert isinstance(largest, Polygon)
    return largest


def iou(one: Polygon, other: Polygon) -> float:
    return float(one.intersection(other).area / one.union(other).area)


@pytest.mark.parametrize(("outline", "corners"), [(RECTANGLE, 4), (L, 6)])
@pytest.mark.parametrize("turn", [0, 17, 30, 45, 80])
def test_walls_come_back_from_pixels(outline: Polygon, corners: int, turn: float) -> None:
    true = affinity.rotate(outline, turn)
    (found,) = straighten(outline_array([traced(true)]))
    assert len(found.exterior.coords) - 1 == corners
    assert iou(found, true) > 0.9
    edges = np.diff(np.asarray(found.exterior.coords), axis=0)
    angles = np.degrees(np.arctan2(edges[:, 1], edges[:, 0]))
    assert np.allclose((angles - angles[0] + 45) % 90, 45, atol=0.2), "all walls are parallel or square"
    assert abs((angles[0] - turn + 45) % 90 - 45) < 4


def test_what_has_no_walls_is_not_made_to_have_some() -> None:
    star = Polygon(
        [
            (50 + r * math.cos(a), 50 + r * math.sin(a))
            for k in range(16)
            for r, a in [((40, 8)[k % 2], k * math.pi / 8)]
        ]
    )
    outline = traced(star)
    (found,) = straighten(outline_array([outline]))
    assert found.is_valid
    assert iou(found, outline) >= AGREEMENT
    assert len(found.exterior.coords) > 9


def test_courtyards_stay() -> None:
    ring = Polygon(RECTANGLE.buffer(15, join_style="mitre").exterior, [RECTANGLE.exterior.coords])
    (found,) = straighten(outline_array([traced(affinity.rotate(ring, 20))]))
    assert len(found.interiors) == 1
    assert len(found.interiors[0].coords) == 5


def test_every_outline_agrees_with_what_was_traced() -> None:
    rng = np.random.default_rng(0)
    blobs = shapely.buffer(shapely.points(rng.uniform(20, 80, (60, 2))), rng.uniform(2, 9, 60))
    outlines = shapely.get_parts(shapely.union_all(blobs))
    found = straighten(outline_array([traced(one) for one in outlines]))
    assert shapely.is_valid(found).all()
    assert shapely.get_type_id(found).tolist() == [3] * len(outlines)
    assert min(iou(a, traced(b)) for a, b in zip(found, outlines, strict=True)) >= AGREEMENT
    assert np.isfinite(main_directions(found)).all()


def test_nothing_gives_nothing() -> None:
    assert len(straighten(outline_array([]))) == 0
