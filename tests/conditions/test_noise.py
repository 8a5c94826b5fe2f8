from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from changen_cli.conditions.noise import PERIOD, Noise
from changen_cli.rng import generator


def noise(places: list[list[int]], deviation: float = 0.1, size: int = 96) -> torch.Tensor:
    count = len(places)
    drawn = {"deviation": np.full(count, deviation), "places": np.array(places, float)}
    return Noise().apply(torch.zeros(count, 3, size, size), drawn)


def test_draws_lie_in_their_range() -> None:
    draws = [Noise().draw(generator(n), 3) for n in range(500)]
    deviations = np.array([draw["deviation"] for draw in draws])
    assert 0 <= deviations.min() < 0.002
    assert 0.028 < deviations.max() <= 0.03
    places = np.array([draw["places"] for draw in draws])
    assert places.min() >= 0
    assert PERIOD * 0.98 < places.max() < PERIOD


def test_it_is_normal_white_and_of_the_deviation_that_was_drawn() -> None:
    made = noise([[7, 500_000]])[0]
    assert made.std() == pytest.approx(0.1, rel=0.02)
    assert made.mean() == pytest.approx(0, abs=0.002)
    assert stats.kstest(made.flatten().numpy() / 0.1, "norm").statistic < 0.01
    for axis in (0, 1, 2):
        one, other = made.narrow(axis, 0, made.shape[axis] - 1), made.narrow(axis, 1, made.shape[axis] - 1)
        assert np.corrcoef(one.flatten(), other.flatten())[0, 1] == pytest.approx(0, abs=0.03)


def test_images_and_the_end_of_the_field() -> None:
    first, second, last = noise([[7, 500_000], [90_000, 300_000], [PERIOD - 1, PERIOD - 5]])
    assert np.corrcoef(first.flatten(), second.flatten())[0, 1] == pytest.approx(0, abs=0.03)
    assert last.std() == pytest.approx(0.1, rel=0.02)


def test_an_image_larger_than_the_field() -> None:
    made = noise([[PERIOD - 1, 3]], size=640)
    assert made.std() == pytest.approx(0.1, rel=0.02)
