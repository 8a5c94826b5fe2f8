"""Ground from elsewhere over what is not there yet."""

from __future__ import annotations

import numpy as np

from changen_cli.training.data.cover import AROUND, cover
from changen_cli.types import BoolArray, UInt8Array


def town() -> tuple[UInt8Array, BoolArray, BoolArray]:
    """Green ground with a pattern of its own, red roofs; the second of them is gone."""
    draw = np.random.default_rng(0)
    image = np.zeros((3, 96, 96), np.uint8)
    image[1] = draw.integers(100, 120, (96, 96))
    occupied = np.zeros((96, 96), np.bool_)
    occupied[10:30, 10:30] = occupied[50:70, 40:66] = True
    gone = np.zeros_like(occupied)
    gone[50:70, 40:66] = True
    image[:, occupied] = np.array([[220], [0], [0]])
    return image, gone, occupied


def test_nothing_of_the_object_is_left_and_what_is_far_stays() -> None:
    image, gone, occupied = town()
    covered = cover(image, gone, occupied, np.random.default_rng(1))
    assert (covered[0][gone] == 0).all()
    assert (covered[1][gone] >= 100).all()
    far = np.ones_like(gone)
    far[50 - AROUND : 70 + AROUND, 40 - AROUND : 66 + AROUND] = False
    assert np.array_equal(covered[:, far], image[:, far])
    assert not np.array_equal(covered[:, 45:49, 45:60], image[:, 45:49, 45:60])  # around it, too


def test_without_an_object_nothing_changes() -> None:
    image, gone, occupied = town()
    assert np.array_equal(cover(image, gone & False, occupied, np.random.default_rng(1)), image)


def test_the_draw_decides() -> None:
    image, gone, occupied = town()
    first, again, other = (cover(image, gone, occupied, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_where_there_is_no_free_ground_the_least_built_is_taken() -> None:
    image, gone, occupied = town()
    occupied[:, :80] = True
    covered = cover(image, gone, occupied, np.random.default_rng(1))
    assert covered.shape == image.shape
    whole = np.ones_like(gone)
    assert np.array_equal(cover(image, whole, whole, np.random.default_rng(1)), image)
