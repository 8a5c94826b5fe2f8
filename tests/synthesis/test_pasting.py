from __future__ import annotations

import numpy as np
import pytest
import shapely

from changen_cli.synthesis.pasting import choose_warp, find_objects, paste


def test_objects_are_traced_from_the_mask() -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[2:8, 3:13] = 1
    mask[10:14, 20:30] = 2
    mask[17, 5] = 1  # a speck
    objects = find_objects(mask)
    assert [o.bounds for o in objects.outlines] == [(3, 2, 13, 8), (20, 10, 30, 14)]
    assert objects.categories.tolist() == [1, 2]
    assert objects.cut.tolist() == [False, True]
    assert sorted(objects.boxes.size[0]) == pytest.approx([6, 10])


def test_an_empty_mask_has_no_objects() -> None:
    objects = find_objects(np.zeros((20, 30), np.uint8))
    assert len(objects.outlines) == 0
    assert choose_warp(objects, shapely.box(2, 2, 8, 8), 1) is None


@pytest.mark.parametrize("turned", [False, True])
def test_a_warp_maps_an_object_onto_a_rectangle_and_back(turned: bool) -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[4:10, 6:26] = 1
    size = (5, 20) if turned else (20, 5)
    target = shapely.box(30, 15, 30 + size[0], 15 + size[1])
    warp = choose_warp(find_objects(mask), target, 1)
    assert warp is not None
    corners = shapely.get_coordinates(target)
    source = warp.back(corners)
    assert (source.min(0), source.max(0)) == (pytest.approx((6, 4)), pytest.approx((26, 10)))
    assert np.linalg.det(warp.matrix) > 0  # not mirrored
    np.testing.assert_allclose((source - warp.origin) @ warp.matrix.T + warp.target, corners, atol=1e-9)


def test_pixels_are_sampled_between_their_centres() -> None:
    """A ramp of colours, stretched to twice its length: a ramp again, of half the slope."""
    mask = np.zeros((20, 60), np.uint8)
    mask[4:8, 4:20] = 1
    image = np.zeros((3, 20, 60), np.uint8)
    image[:] = np.arange(60) * 4
    target = shapely.box(24, 10, 56, 14)
    warp = choose_warp(find_objects(mask), target, 1)
    assert warp is not None
    canvas = np.zeros((3, 20, 60), np.float32)
    paste(canvas, image, warp, target, np.zeros((20, 60), bool))
    row = canvas[0, 12, 26:54]
    assert np.allclose(np.abs(np.diff(row)), 2, atol=1e-3)


def test_what_lies_outside_the_tile_is_not_pasted() -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[4:10, 4:10] = 1
    target = shapely.box(30, 30, 36, 36)
    warp = choose_warp(find_objects(mask), target, 1)
    assert warp is not None
    canvas = np.zeros((3, 20, 20), np.float32)
    paste(canvas, np.full((3, 20, 20), 9, np.uint8), warp, target, np.zeros((20, 20), bool))
    assert not canvas.any()
