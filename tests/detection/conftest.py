"""Predictors that are no networks, so that what is made of their answers can be told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from changen_cli.weights.card import Card


class Difference:
    """Takes the difference of two images for the probability of change; knows what it was shown."""

    name, kind = "difference", "detector"
    card = Card("difference", "none", {}, "0" * 64)

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []

    def __call__(self, before: Tensor, after: Tensor) -> Tensor:
        self.shown.append(tuple(before.shape))
        return (after.float() - before.float()).abs().mean(1) / 255


class Everywhere(Difference):
    """Says another number for each window that it is shown, the same for all of its pixels."""

    def __call__(self, before: Tensor, after: Tensor) -> Tensor:
        first = len(self.shown)
        self.shown.append(tuple(before.shape))
        values = torch.tensor([((first + place) % 7) / 7 for place in range(len(before))])
        return values[:, None, None].expand(-1, *before.shape[-2:])


@pytest.fixture
def difference() -> Difference:
    return Difference()


@pytest.fixture
def everywhere() -> Callable[[], Everywhere]:
    return Everywhere
