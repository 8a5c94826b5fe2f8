"""Outlines are drawn to the pixel as GDAL draws them, whether centres lie on their edges or not."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from rasterio.features import rasterize
from shapely.geometry import MultiPolygon, Point, Polygon, box

from changen_cli.scenes import drawing
from changen_cli.scenes.drawing import burn, burn_states
from changen_cli.types import Int32Array

HOLED = Polygon(box(2.3, 2.3, 20.1, 20.1).exterior, [box(5, 5, 9, 9).exterior, box(11, 11, 15.5, 15.5).exterior])

Outlines = list[Polygon | MultiPolygon]


def by_gdal(outlines: Outlines, values: list[int], size: tuple[int, int]) -> Int32Array:
    shapes = [(outline, value) for outline, value in zip(outlines, values, strict=True) if not outline.is_empty]
    drawn: Int32Array = rasterize(shapes, out_shape=size, fill=0, dtype="int32")
    return drawn


def round_ones(seed: int) -> Outlines:
    draw = np.random.default_rng(seed)
    outlines: Outlines = [HOLED, MultiPolygon([box(30, 1, 33, 4), HOLED.buffer(-1)])]
    for _ in range(40):
        x, y, radius = draw.uniform(-5, 70, 2).tolist() + draw.uniform(0.5, 12, 1).tolist()
        ring = Point(x, y).buffer(radius, quad_segs=int(draw.integers(1, 5)))
        outlines.append(shapely.affinity.rotate(ring, draw.uniform(0, 90)) if draw.random() < 0.8 else Polygon())
    draw.shuffle(outlines)
    return outlines


def ragged_ones(seed: int, grid: float) -> Outlines:
    """Valid outlines with corners on a grid, so that centres lie on edges, with holes and in several parts."""
    draw = np.random.default_rng(seed)
    outlines: Outlines = []
    while len(outlines) < 40:
        first, second = (
            shapely.make_valid(Polygon(np.round(draw.uniform(-3, 20, (int(draw.integers(3, 8)), 2)) / grid) * grid))
            for _ in range(2)
        )
        combine = (shapely.difference, shapely.union, shapely.symmetric_difference)[int(draw.integers(3))]
        made = combine(first, second)
        if isinstance(made, Polygon | MultiPolygon) and not made.is_empty:
            outlines += [made, made.reverse()]
    return outlines


@pytest.mark.parametrize("seed", range(4))
def test_many_outlines_are_drawn_as_gdal_draws_them(seed: int) -> None:
    outlines = round_ones(seed)
    values = list(range(7, 7 + len(outlines)))
    drawn = burn(outlines, values, (64, 72))
    assert drawn.dtype == np.int32
    assert np.array_equal(drawn, by_gdal(outlines, values, (64, 72)))


@pytest.mark.parametrize("grid", [1e-9, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_each_outline_is_drawn_as_gdal_draws_it(seed: int, grid: float) -> None:
    for outline in ragged_ones(seed, grid):
        assert np.array_equal(burn([outline], [1], (14, 17)), by_gdal([outline], [1], (14, 17))), outline


def test_a_centre_on_an_edge_is_inside_above_and_on_the_right() -> None:
    assert burn([box(0.5, 0.5, 2.5, 2.5)], [1], (3, 3)).tolist() == [[0, 1, 1], [0, 1, 1], [0, 0, 0]]
    holed = Polygon(box(0, 0, 4, 4).exterior, [box(0.5, 0.5, 2.5, 2.5).exterior])
    assert burn([holed], [1], (3, 3)).tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 1]]


def test_rasters_of_a_history_are_drawn_as_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    outlines = round_ones(5)
    states = [(outlines[at : at + 20], list(range(at + 1, at + 21))) for at in (0, 5, 20)] + [([], [])]
    alone = [burn(*state, (64, 72)) for state in states]
    assert np.array_equal(burn_states(states, (64, 72)), alone)
    monkeypatch.setattr(drawing, "_AT_ONCE", 50)  # in many portions, as large rasters are
    assert np.array_equal(burn_states(states, (64, 72)), alone)


def test_nothing_draws_nothing() -> None:
    nothing: list[Outlines] = [[], [Polygon()], [box(-9, -9, -1, -1)], [box(0.6, 0.6, 1.4, 1.4)]]
    for outlines in nothing:
        assert not burn(outlines, [1] * len(outlines), (3, 4)).any()
