from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import box

from changen_cli.rng import generator
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.scenes.layout_index import LayoutIndex
from changen_cli.scenes.window import Window

SIZE = 90


def town(seed: int) -> Layout:
    """Forty houses of three classes that overlap each other and the edges."""
    draw = generator("town", seed)
    houses = []
    for uid in range(1, 41):
        (x, y), (w, h) = draw.uniform(-5, SIZE + 5, 2), draw.uniform(3, 25, 2)
        house = affinity.rotate(box(x, y, x + w, y + h), draw.uniform(0, 90))
        houses.append(Footprint(uid, house, int(draw.integers(1, 4))))
    return Layout(SIZE, SIZE, tuple(houses))


@given(st.integers(0, 20), st.integers(0, 80), st.integers(0, 80), st.integers(1, 60), st.integers(1, 60))
def test_a_window_is_drawn_as_the_whole_is(seed: int, row: int, column: int, height: int, width: int) -> None:
    window = Window(row, column, height, width).within(SIZE, SIZE)
    layout = town(seed)
    mask, instance = layout.rasterize()
    part = (slice(row, row + window.height), slice(column, column + window.width))
    index = LayoutIndex(layout)
    cut = index.cut(window)
    got_mask, got_instance = cut.rasterize()
    np.testing.assert_array_equal(got_instance, instance[part])
    np.testing.assert_array_equal(got_mask, mask[part])
    assert len(cut.footprints) <= 40


def test_changes_are_applied_first() -> None:
    layout = town(1)
    old, moved = layout.footprints[3], Footprint(4, box(10, 10, 20, 20), 2)
    new = Footprint(77, box(15, 15, 30, 30))
    whole = Layout(SIZE, SIZE, (*layout.footprints[:3], moved, *layout.footprints[4:], new))
    got = LayoutIndex(layout).cut(Window(0, 0, SIZE, SIZE), [(old, moved), (None, new)])
    np.testing.assert_array_equal(got.rasterize()[1], whole.rasterize()[1])
    gone = LayoutIndex(layout).cut(Window(0, 0, SIZE, SIZE), [(old, None)])
    np.testing.assert_array_equal(gone.rasterize()[1], layout.without({4}).rasterize()[1])
    far = Window(0, 0, 5, 5)
    assert all(f.uid != 4 for f in LayoutIndex(layout).cut(far, [(old, None)]).footprints)


def test_nothing_there() -> None:
    assert LayoutIndex(Layout(9, 9)).cut(Window(0, 0, 9, 9)).footprints == ()
