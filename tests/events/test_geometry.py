from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from rasterio.features import shapes
from shapely import affinity, box
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.events.geometry import (
    GRID,
    drawn,
    fit,
    main_directions,
    outline_array,
    shift,
    turn_and_scale,
    window_of,
)
from changen_cli.scenes.layout import Footprint, Layout

L_SHAPE = Polygon([(0, 0), (20, 0), (20, 4), (4, 4), (4, 14), (0, 14)])
HOLED = Polygon([(0, 0), (0, 9), (12, 9), (12, 0)], [[(6, 6), (3, 6), (3, 3), (6, 3)]])
PARTS = MultiPolygon([box(0, 0, 5, 4), box(8, 1, 12, 6)])
ZERO = np.zeros((1, 2))


@pytest.mark.parametrize("outline", [L_SHAPE, HOLED, PARTS])
@given(turn=st.floats(-360, 360), scale=st.floats(0.2, 5))
def test_turn_and_scale_is_the_affine_map_of_shapely(outline: Polygon, turn: float, scale: float) -> None:
    about = np.array([[outline.centroid.x, outline.centroid.y]])
    ours = shift(turn_and_scale(outline_array([outline]), about, np.array([turn]), np.array([scale])), about)[0]
    expected = affinity.scale(affinity.rotate(outline, turn, outline.centroid), scale, scale, origin=outline.centroid)
    assert np.abs(shapely.get_coordinates(ours) - shapely.get_coordinates(expected)).max() <= 1 / GRID
    assert ours.geom_type == outline.geom_type
    assert len(shapely.get_rings(ours)) == len(shapely.get_rings(outline))


def test_every_outline_of_a_batch_has_its_own_turn_scale_and_offset() -> None:
    batch = outline_array([box(-2, -1, 2, 1), HOLED, box(-1, -1, 1, 1)])
    turned = turn_and_scale(batch, np.zeros((3, 2)), np.array([90.0, 0.0, 0.0]), np.array([1.0, 2.0, 3.0]))
    moved = shift(turned, np.array([[0.0, 0.0], [5.0, 0.0], [10.0, 20.0]]))
    assert moved[0].bounds == (-1, -2, 1, 2)
    assert moved[1].bounds == (5, 0, 29, 18)
    assert moved[2].bounds == (7, 17, 13, 23)
    assert batch[0].bounds == (-2, -1, 2, 1)  # what went in is as it was


def test_shifted_outlines_lie_on_the_grid() -> None:
    outline = shift(outline_array([affinity.rotate(L_SHAPE, 33.3)]), np.array([[0.123456789, 7.7]]))[0]
    scaled = shapely.get_coordinates(outline) * GRID
    np.testing.assert_array_equal(scaled, np.round(scaled))


@given(u=st.floats(0, 1), v=st.floats(0, 1), turn=st.floats(0, 360))
def test_fit_keeps_an_outline_in_the_rectangle(u: float, v: float, turn: float) -> None:
    turned = turn_and_scale(outline_array([L_SHAPE]), ZERO, np.array([turn]), np.ones(1))
    x0, y0, x1, y1 = shift(turned, fit(turned, (10, 20, 60, 90), np.array([[u, v]])))[0].bounds
    assert x0 >= 10 - 1 / GRID
    assert y0 >= 20 - 1 / GRID
    assert x1 <= 60 + 1 / GRID
    assert y1 <= 90 + 1 / GRID


@pytest.mark.parametrize("outline", [L_SHAPE, HOLED.union(box(12, 2, 30, 7)), PARTS, box(0, 0, 9, 4)])
@given(turn=st.floats(-44, 44))
def test_main_direction_follows_a_turn(outline: Polygon, turn: float) -> None:
    assert main_directions(outline_array([affinity.rotate(outline, turn)]))[0] == pytest.approx(turn, abs=1e-6)


def test_main_directions_do_not_mix_neighbours_of_a_batch() -> None:
    batch = outline_array([affinity.rotate(L_SHAPE, t) for t in (-30, 5, 40)])
    np.testing.assert_allclose(main_directions(batch), [-30, 5, 40], atol=1e-6)


def test_main_direction_sees_through_the_staircase_of_a_traced_mask() -> None:

    turned = affinity.rotate(box(30, 40, 80, 65), 20)
    mask, _ = Layout(128, 128, (Footprint(1, turned),)).rasterize()
    traced = next(Polygon(*s["coordinates"]) for s, value in shapes(mask) if value == 1)
    assert main_directions(outline_array([traced]))[0] == pytest.approx(20, abs=2)


def test_main_direction_of_a_speck_and_of_a_circle_are_numbers() -> None:
    found = main_directions(outline_array([box(0, 0, 0.1, 0.1), shapely.Point(0, 0).buffer(9)]))
    assert np.isfinite(found).all()


@given(x=st.floats(-4, 60), y=st.floats(-4, 60), w=st.floats(0.3, 90), h=st.floats(0.3, 90), turn=st.floats(0.1, 89.9))
def test_drawn_is_what_the_layout_draws(x: float, y: float, w: float, h: float, turn: float) -> None:
    outline = affinity.rotate(box(x, y, x + w, y + h), turn)
    mask, _ = Layout(64, 64, (Footprint(1, outline),)).rasterize()
    np.testing.assert_array_equal(drawn(outline, (0, 0, 64, 64)), mask == 1)  # a large window
    x0, y0, x1, y1 = window_of(outline)
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, 64), min(y1, 64)
    if x0 < x1 and y0 < y1:
        np.testing.assert_array_equal(drawn(outline, (x0, y0, x1, y1)), mask[y0:y1, x0:x1] == 1)  # often a small one
    assert mask.sum() == mask[max(y0, 0) : y1, max(x0, 0) : x1].sum()  # the window misses nothing


def test_window_of_several_outlines_covers_all() -> None:
    assert window_of(box(1.5, 2, 3, 4.1), box(-0.5, 3, 2, 9)) == (-1, 2, 3, 9)
