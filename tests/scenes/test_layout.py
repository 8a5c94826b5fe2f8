from __future__ import annotations

import numpy as np
from shapely.geometry import Polygon, box

from changen_cli.scenes.layout import Footprint, Layout, rasterize_all


def test_pixel_centres_and_order() -> None:
    layout = Layout(6, 6, (Footprint(3, box(0.6, 0.6, 3.6, 2.4)), Footprint(9, box(2, 1, 5, 5), category=4)))
    classes, instances = layout.rasterize()
    assert np.argwhere(instances == 3).tolist() == [[1, 1]]
    assert (instances[1:5, 2:5] == 9).all()
    assert classes[1, 1] == 1
    assert (classes[1:5, 2:5] == 4).all()
    assert (classes != 0).sum() == (instances != 0).sum() == 13


def test_uids_are_never_used_twice() -> None:
    layout = Layout(8, 8, (Footprint(4, box(0, 0, 2, 2)),))
    assert layout.next_uid == 5
    grown = layout.add([Footprint(5, box(4, 4, 6, 6))])
    assert grown.without({5}).next_uid == 6
    assert len(grown.without({4, 5}).footprints) == 0


def test_nothing_to_draw() -> None:
    for layout in (Layout(4, 5), Layout(4, 5, (Footprint(1, Polygon()),))):
        classes, instances = layout.rasterize()
        assert classes.shape == instances.shape == (4, 5)
        assert not classes.any()
        assert not instances.any()


def test_the_states_of_a_history_are_drawn_as_alone() -> None:
    kept, gone = Footprint(3, box(0, 0, 3, 3)), Footprint(5, box(2, 2, 5, 5), category=4)
    states = [Layout(6, 6, (kept, gone)), Layout(6, 6, (kept,)), Layout(6, 6), Layout(6, 6, (gone, kept))]
    masks, instances = rasterize_all(states)
    assert masks.dtype == np.uint8
    assert instances.dtype == np.int32
    for state, mask, instance in zip(states, masks, instances, strict=True):
        assert np.array_equal([mask, instance], state.rasterize())
    assert (masks[0, 2, 2], masks[3, 2, 2]) == (4, 1), "what comes later is on top"
