from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from changen_cli.errors import UsageError
from changen_cli.models.spade import SpadeConfig, SpadeGenerator

TINY = SpadeConfig(width=1 / 64, hidden=(8,) * 7, noise_dim=6)
PUBLISHED = 93.0e6
"""For Cityscapes: 35 classes and one channel of instance edges (Li et al. 2020, GAN Compression)."""


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameters_as_published_but_for_the_noise() -> None:
    with torch.device("meta"):
        cityscapes = SpadeGenerator(SpadeConfig(classes=36))
        two_classes = SpadeGenerator(SpadeConfig())
    assert parameters(cityscapes) - parameters(cityscapes.first_noise) == pytest.approx(PUBLISHED, rel=0.001)
    assert parameters(two_classes) == pytest.approx(92.3e6, rel=0.001)


def test_a_compact_size() -> None:
    with torch.device("meta"):
        network = SpadeGenerator(SpadeConfig(width=15 / 64, hidden=(64, 64, 64, 64, 32, 16, 16)))
    assert parameters(network) == pytest.approx(6.3e6, rel=0.01)


def test_it_runs_on_the_meta_device_at_full_size() -> None:
    with torch.device("meta"):
        made = SpadeGenerator(SpadeConfig()).eval()(torch.zeros(1, 200, 256, dtype=torch.uint8), torch.zeros(1, 256))
    assert made.shape == (1, 3, 200, 256)


def test_noise_enters_at_the_start_alone() -> None:
    linear = [name for name, m in SpadeGenerator(TINY).named_modules() if isinstance(m, nn.Linear)]
    assert linear == ["first_noise"]


def test_there_is_a_width_for_each_of_the_seven_blocks() -> None:
    arguments: dict[str, Any] = {"hidden": (8,) * 6}
    with pytest.raises(UsageError, match="must be 7 values"):
        SpadeConfig(**arguments)
