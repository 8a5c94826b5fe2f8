"""Images to put under conditions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

Images = Callable[..., Tensor]


@pytest.fixture(autouse=True)
def _one_thread(one_thread: None) -> None:
    """Small images, many tests: threads would only wait for each other."""


@pytest.fixture(scope="session")
def images() -> Images:
    """Makes smooth images with a little noise, float32 [B, C, H, W] in 0..1."""

    def make(count: int = 6, bands: int = 3, size: tuple[int, int] = (48, 40)) -> Tensor:
        draw = torch.Generator().manual_seed(count * 100 + bands)
        coarse = torch.rand(count, bands, 6, 5, generator=draw)
        smooth = torch.nn.functional.interpolate(coarse, size, mode="bilinear")
        return (smooth * 0.9 + 0.1 * torch.rand(count, bands, *size, generator=draw)).contiguous()

    return make
