from __future__ import annotations

import numpy as np
import pytest
import torch

from changen_cli.conditions.shadow import BLUE, NODES, Shadow
from changen_cli.rng import generator


def test_draws_as_often_as_it_says_and_within_ranges() -> None:
    depths = np.array([Shadow().draw(generator(n), 4)["depth"] for n in range(2000)])
    assert depths.shape == (2000, 4)
    dark = depths[depths[:, 0] > 0]
    assert len(dark) / 2000 == pytest.approx(0.3, abs=0.03)
    assert dark[:, 0].min() >= 0.2
    assert dark[:, 0].max() <= 0.5
    np.testing.assert_allclose(dark / dark[:, :1], np.broadcast_to([*BLUE, 1], dark.shape))
    assert np.ndim(Shadow(chance=1.0).draw(generator(0), 1)["depth"]) == 1


def test_a_part_of_the_image_is_darker_and_the_edge_is_soft() -> None:
    outline = np.tile(np.linspace(-1, 1, NODES), NODES)[None]
    depth = np.array([[0.5, 0.4, 0.3]])
    made = Shadow().apply(torch.full((1, 3, 40, 240), 0.8), {"depth": depth, "outline": outline})
    assert torch.allclose(made[0, :, :, :100], torch.tensor(0.8))
    for band, taken in enumerate(depth[0]):
        assert torch.allclose(made[0, band, :, -100:], torch.tensor(0.8 * (1 - taken), dtype=torch.float32))
    assert made.diff(dim=3).abs().max() < 0.06


def test_no_shadow() -> None:
    images = torch.rand(1, 3, 16, 16)
    drawn = {"depth": np.zeros((1, 3)), "outline": np.ones((1, NODES**2))}
    assert torch.equal(Shadow().apply(images.clone(), drawn), images)
