from __future__ import annotations

import pytest
import torch
from torch import nn

from changen_cli.models.oasis import OasisConfig, OasisGenerator

PUBLISHED = 70.2e6
"""With z as 64 more channels of every convolution over the label map (about 71 M with Cityscapes' labels)."""


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameters_as_published_but_for_the_noise() -> None:
    with torch.device("meta"):
        network = OasisGenerator(OasisConfig())
    assert parameters(network) == pytest.approx(68.6e6, rel=0.002)
    linear = [m for m in network.modules() if isinstance(m, nn.Linear)]
    assert len(linear) == 1 + 2 * 2 + 4 * 3
    # a 3x3 kernel where there is one number for each channel here
    assert parameters(network) + 8 * sum(parameters(m) for m in linear) == pytest.approx(PUBLISHED, rel=0.002)


def test_a_compact_size() -> None:
    with torch.device("meta"):
        network = OasisGenerator(OasisConfig(width=9 / 32, hidden=(64, 64, 64, 32, 16, 16)))
    assert parameters(network) == pytest.approx(6.3e6, rel=0.01)


def test_channels_are_those_of_the_paper() -> None:
    assert OasisConfig().channels == (1024, 1024, 1024, 512, 256, 128, 64)


def test_it_runs_on_the_meta_device_at_full_size() -> None:
    with torch.device("meta"):
        made = OasisGenerator(OasisConfig()).eval()(torch.zeros(1, 200, 256, dtype=torch.uint8), torch.zeros(1, 64))
    assert made.shape == (1, 3, 200, 256)
