from __future__ import annotations

from collections.abc import Callable

import numpy as np

from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.pairs.single import SingleDates
from changen_cli.training.data.scenes import Drawable


def test_a_pair_is_two_places_with_their_own_footprints(
    scenes: list[Drawable], make_sampler: Callable[..., CropSampler]
) -> None:
    crops = make_sampler(scenes)
    made = SingleDates(crops)[3]
    assert made.layouts is not None
    assert made.layouts.any(axis=(1, 2)).all()
    assert made.job is None
    assert not made.change.any()
    for date in range(2):
        crop = crops[6 + date]
        assert np.array_equal(made.images[date][:, made.valid], crop.image[:, made.valid])
        assert np.array_equal(made.layouts[date][made.valid] > 0, crop.before[made.valid] > 0)
    assert not np.array_equal(made.images[0], made.images[1])
