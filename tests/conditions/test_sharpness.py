from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from changen_cli.conditions.sharpness import Sharpness
from changen_cli.rng import generator
from tests.conditions.conftest import Images


def test_draws_as_often_as_it_says_and_within_ranges() -> None:
    draws = [Sharpness().draw(generator(n), 3) for n in range(2000)]
    blur, coarser = (np.array([draw[name] for draw in draws]) for name in ("blur", "coarser"))
    assert (blur > 0).mean() == pytest.approx(0.2, abs=0.03)
    assert (coarser > 1).mean() == pytest.approx(0.2, abs=0.03)
    assert not ((blur > 0) & (coarser > 1)).any()
    assert blur[blur > 0].min() >= 0.5
    assert blur.max() <= 1.5
    assert coarser[coarser > 1].min() >= 1.2
    assert coarser.max() <= 2.5


@pytest.mark.parametrize("sigma", [0.5, 1.0, 1.5])
def test_a_blur_is_a_gaussian(images: Images, sigma: float) -> None:
    batch = images(1)
    made = Sharpness().apply(batch.clone(), {"blur": np.array([sigma]), "coarser": np.array([1.0])})
    wanted = gaussian_filter(batch.numpy(), (0, 0, sigma, sigma), mode="mirror", truncate=6)
    np.testing.assert_allclose(made.numpy(), wanted, atol=4e-3)
    np.testing.assert_allclose(made.mean().item(), batch.mean().item(), atol=2e-3)


def test_a_narrow_blur_is_the_same_beside_a_wide_one(images: Images) -> None:
    batch, ones = images(3), np.ones(3)
    together = Sharpness().apply(batch.clone(), {"blur": np.array([0.5, 6.0, 0.0]), "coarser": ones})
    alone = Sharpness().apply(batch[:1].clone(), {"blur": np.array([0.5]), "coarser": ones[:1]})
    assert torch.equal(together[:1], alone)
    assert torch.equal(together[2], batch[2])


def test_larger_pixels_keep_what_is_flat_and_lose_what_is_fine(images: Images) -> None:
    flat, checks = torch.full((1, 3, 40, 48), 0.4), torch.zeros(1, 3, 40, 48)
    checks[:, :, ::2, ::2] = checks[:, :, 1::2, 1::2] = 1
    drawn = {"blur": np.array([0.0]), "coarser": np.array([2.0])}
    assert torch.allclose(Sharpness().apply(flat.clone(), drawn), flat)
    made = Sharpness().apply(checks.clone(), drawn)
    assert torch.allclose(made[..., 4:-4, 4:-4], torch.tensor(0.5))
    assert made.std() < 0.1 * checks.std()


def test_an_image_smaller_than_its_blur(images: Images) -> None:
    batch = images(1, size=(16, 16))
    made = Sharpness().apply(batch, {"blur": np.array([20.0]), "coarser": np.array([1.0])})
    assert made.std() < 0.1
    assert not made.isnan().any()
