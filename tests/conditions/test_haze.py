from __future__ import annotations

import numpy as np
import pytest
import torch

from changen_cli.conditions.haze import Haze
from changen_cli.rng import generator


def test_draws_lie_in_their_range_and_never_above_1() -> None:
    shares = np.array([Haze().draw(generator(n), 3)["share"] for n in range(500)])
    assert 0 <= shares.min() < 0.02
    assert 0.33 < shares.max() <= 0.35
    thick = np.array([Haze(share=1.0, strength=4.0).draw(generator(n), 3)["share"] for n in range(50)])
    assert thick.max() == 1


def test_it_mixes_with_the_air() -> None:
    made = Haze(air=0.9).apply(torch.tensor([0.0, 0.9, 1.0]).view(1, 1, 1, 3), {"share": np.array([0.25])})
    assert made.flatten().tolist() == pytest.approx([0.225, 0.9, 0.975])
