"""Images with a hole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor


@pytest.fixture(scope="session")
def inputs() -> Callable[..., tuple[Tensor, Tensor]]:
    """Draws images float [B, 3, H, W] and the same hole in each, float [B, 1, H, W]: inputs(height, width, batch)."""

    def make(height: int, width: int, batch: int = 2) -> tuple[Tensor, Tensor]:
        draw = torch.Generator().manual_seed(1)
        hole = torch.zeros(batch, 1, height, width)
        hole[:, :, height // 4 : height // 2, width // 4 : width // 2] = 1
        return torch.rand(batch, 3, height, width, generator=draw) * 2 - 1, hole

    return make
