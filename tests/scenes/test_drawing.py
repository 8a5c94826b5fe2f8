"""Outlines are drawn to the pixel as rasterio draws shapely's own GeoJSON."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from rasterio.features import rasterize
from shapely.geometry import MultiPolygon, Point, Polygon, box

from changen_cli.scenes.drawing import as_geojson, burn

HOLED = Polygon(box(2.3, 2.3, 20.1, 20.1).exterior, [box(5, 5, 9, 9).exterior, box(11, 11, 15.5, 15.5).exterior])


@pytest.mark.parametrize("seed", range(4))
def test_any_outlines_are_drawn_as_one_by_one(seed: int) -> None:
    draw = np.random.default_rng(seed)
    outlines: list[Polygon | MultiPolygon] = [HOLED, MultiPolygon([box(30, 1, 33, 4), HOLED.buffer(-1)])]
    for _ in range(40):
        x, y, radius = draw.uniform(-5, 70, 2).tolist() + draw.uniform(0.5, 12, 1).tolist()
        ring = Point(x, y).buffer(radius, quad_segs=int(draw.integers(1, 5)))
        outlines.append(shapely.affinity.rotate(ring, draw.uniform(0, 90)) if draw.random() < 0.8 else Polygon())
    draw.shuffle(outlines)
    values = list(range(7, 7 + len(outlines)))
    shapes = [(outline, value) for outline, value in zip(outlines, values, strict=True) if not outline.is_empty]
    expected = rasterize(shapes, out_shape=(64, 72), fill=0, dtype="int32")
    drawn = burn(outlines, values, (64, 72))
    assert drawn.dtype == np.int32
    assert np.array_equal(drawn, expected)


def test_parts_belong_to_their_outline_and_keep_their_holes() -> None:
    made = as_geojson([Polygon(), MultiPolygon([box(0, 0, 1, 1), HOLED]), box(4, 4, 5, 5)])
    assert [place for place, _ in made] == [1, 1, 2]
    assert [len(polygon["coordinates"]) for _, polygon in made] == [1, 3, 1]
    assert shapely.geometry.shape(made[1][1]).equals_exact(HOLED)


def test_nothing_draws_nothing() -> None:
    for outlines in ([], [Polygon()]):
        assert not burn(outlines, [1] * len(outlines), (3, 4)).any()
    assert as_geojson([]) == []
