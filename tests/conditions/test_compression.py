from __future__ import annotations

import numpy as np
import pytest
import torch

from changen_cli.conditions.compression import Compression
from changen_cli.rng import generator
from tests.conditions.conftest import Images


def test_draws_as_often_as_it_says_and_within_ranges() -> None:
    qualities = np.array([Compression().draw(generator(n), 3)["quality"] for n in range(1000)])
    there = qualities[qualities > 0]
    assert len(there) / 1000 == pytest.approx(0.5, abs=0.05)
    assert there.min() == 30
    assert there.max() == 90
    harder = np.array([Compression(strength=4.0, chance=1.0).draw(generator(n), 3)["quality"] for n in range(100)])
    assert harder.min() == 1


@pytest.mark.parametrize("bands", [1, 3])
def test_the_lower_the_quality_the_farther_from_the_image(images: Images, bands: int) -> None:
    batch = images(1, bands=bands)
    off = [(Compression().apply(batch.clone(), {"quality": np.array([q])}) - batch).abs().mean() for q in (95, 50, 10)]
    assert 0 < off[0] < off[1] < off[2] < 0.1


def test_an_image_that_is_not_compressed_stays(images: Images) -> None:
    batch = images(2)
    made = Compression().apply(batch.clone(), {"quality": np.array([0.0, 40.0])})
    assert torch.equal(made[0], batch[0])
    assert not torch.equal(made[1], batch[1])
