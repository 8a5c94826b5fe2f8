from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from changen_cli.store.base import Series, StoreSpec


def test_change_masks_are_the_xor_of_consecutive_class_masks(make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    assert series.changes.dtype == np.uint8
    assert series.changes.shape == (2, 24, 40)
    for step in range(2):
        np.testing.assert_array_equal(series.changes[step], series.masks[step] != series.masks[step + 1])
    assert not make_series(0, flat=True).changes.any()


def test_what_is_stored_of_the_pixels_is_named(make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    arrays = series.arrays()
    assert list(arrays) == ["image", "mask", "instance", "change", "valid"]
    assert arrays["image"] is series.images
    assert arrays["instance"] is series.instances
    np.testing.assert_array_equal(arrays["change"], series.changes)


@pytest.mark.parametrize(("samples", "shards"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_the_last_shard_is_padded(samples: int, shards: int) -> None:
    assert StoreSpec(samples=samples, steps=1, height=8, width=8, shard_samples=4).shards == shards
