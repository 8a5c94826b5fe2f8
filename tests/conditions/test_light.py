from __future__ import annotations

import numpy as np
import pytest
import torch

from changen_cli.conditions.light import Light
from changen_cli.rng import generator


def test_draws_lie_in_their_ranges_and_bands_differ() -> None:
    draws = [Light().draw(generator(n), 3) for n in range(500)]
    gamma, gain, offset = (np.array([draw[name] for draw in draws]) for name in ("gamma", "gain", "offset"))
    assert gain.shape == offset.shape == (500, 3)
    for drawn, low, high in ((gamma, 0.6, 1.6), (gain, 0.75, 1.3), (offset, -0.08, 0.08)):
        assert low <= drawn.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < drawn.max() <= high
    assert (np.ptp(gain, axis=1) > 0).all()


def test_it_is_gamma_gain_and_offset() -> None:
    images = torch.tensor([0.0, 0.25, 1.0]).view(1, 1, 1, 3).expand(1, 2, 1, 3).clone()
    drawn = {"gamma": np.array([0.5]), "gain": np.array([[1.0, 2.0]]), "offset": np.array([[0.0, 0.1]])}
    made = Light().apply(images, drawn)
    assert made[0, 0, 0].tolist() == pytest.approx([0, 0.5, 1])
    assert made[0, 1, 0].tolist() == pytest.approx([0.1, 1.1, 2.1])
