from __future__ import annotations

from collections.abc import Callable

import numpy as np

from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.pairs.simulated import SimulatedPairs
from changen_cli.training.data.scenes import Drawable


def test_a_crop_becomes_a_pair_that_is_still_to_be_synthesised(
    scenes: list[Drawable], make_sampler: Callable[..., CropSampler]
) -> None:
    crops = make_sampler(scenes)
    pairs = SimulatedPairs(crops, noise_dim=4, look_dim=6, new_looks="mixed")
    made, crop = pairs[3], crops[3]
    assert np.array_equal(made.images[1], crop.image)
    assert np.array_equal(made.change, (crop.before > 0) != (crop.after > 0))
    assert made.change.any()
    assert made.layouts is not None
    assert np.array_equal(made.layouts[1] > 0, crop.after > 0)
    assert made.job is not None
    assert made.job.noise.shape == (1, 4)
    assert made.job.looks is not None
    assert made.job.looks.normal.shape[1] == 6
    other = pairs[4]
    assert other.job is not None
    assert not np.array_equal(made.images, other.images)
    assert not np.array_equal(made.job.noise, other.job.noise)
    again = pairs[3]
    assert again.job is not None
    assert np.array_equal(again.job.noise, made.job.noise)
