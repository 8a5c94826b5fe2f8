"""Held-out crops drawn by hand, and networks that need no weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from changen_cli.metrics.networks import Networks
from changen_cli.rng import generator
from changen_cli.training.data.crops import Crop

SIDE = 64


class Red(nn.Module):
    """Sees roofs by their colour."""

    def forward(self, images: Tensor) -> Tensor:
        return images[:, :1] - images[:, 2:] - 0.8


class Moments:
    """Means and deviations of the bands, in place of Lite0; draws, as a network may."""

    size = 6
    about: Mapping[str, str] = {}

    def __call__(self, images: Tensor) -> tuple[Tensor, None]:
        torch.rand(7)
        return torch.cat([images.float().mean((2, 3)), images.float().std((2, 3))], 1), None


def draw(number: int) -> Crop:
    """Ground with structure; one building that goes, one that stays, one that comes."""
    rng = generator("held out", number)
    coarse = rng.integers(60, 150, (3, SIDE // 4, SIDE // 4)).repeat(4, 1).repeat(4, 2)
    image = (coarse + rng.integers(0, 20, (3, SIDE, SIDE))).astype(np.uint8)
    before = np.zeros((SIDE, SIDE), np.uint8)
    before[8:24, 8:26] = before[40:56, 8:22] = 1
    after = before.copy()
    after[8:24, 8:26] = 0
    after[40:54, 40:58] = 1
    roofs = rng.integers(0, 2, (8, 8)).repeat(8, 0).repeat(8, 1) * 40
    image = np.where(before > 0, np.stack([200 + roofs, roofs, roofs]), image).astype(np.uint8)
    return Crop(image, np.ones((SIDE, SIDE), np.bool_), before, after, np.stack([before, after]).astype(np.int32))


@pytest.fixture(scope="session")
def draw_crop() -> Callable[[int], Crop]:
    return draw


@pytest.fixture(scope="session")
def samples() -> list[Crop]:
    return [draw(number) for number in range(6)]


@pytest.fixture(scope="session")
def networks() -> Networks:
    missing = {"inception": "no Inception weights given"}
    return Networks({"lite0": Moments()}, Red(), {"name": "red", "sha256": "0" * 64}, missing, batch_size=4)
