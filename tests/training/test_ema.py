from __future__ import annotations

import pytest
import torch
from torch import nn

from changen_cli.training.ema import MovingAverage


def filled(value: float) -> nn.Module:
    network = nn.Sequential(nn.Linear(2, 1, bias=False), nn.BatchNorm1d(1))
    with torch.no_grad():
        network[0].weight.fill_(value)
    return network


def test_values_by_hand() -> None:
    network = filled(0.0)
    average = MovingAverage(network, 0.5)
    with torch.no_grad():
        network[0].weight.fill_(11.0)
    average.update(network, 1)  # warm-up: decay 2 / 11
    assert average.network[0].weight.tolist() == [[pytest.approx(9.0)] * 2]  # type: ignore[index]
    average.update(network, 1000)  # decay 0.5
    assert average.network[0].weight.tolist() == [[pytest.approx(10.0)] * 2]  # type: ignore[index]


def test_buffers_are_copied() -> None:
    network = filled(0.0)
    average = MovingAverage(network, 0.999)
    network(torch.rand(8, 2))
    average.update(network, 1000)
    assert torch.equal(average.network[1].running_mean, network[1].running_mean)  # type: ignore[index]
    assert int(average.network[1].num_batches_tracked) == 1  # type: ignore[index]


def test_the_average_is_apart_from_the_network() -> None:
    network = filled(1.0)
    average = MovingAverage(network, 0.9)
    with torch.no_grad():
        network[0].weight.fill_(5.0)
    assert average.network[0].weight.tolist() == [[1.0, 1.0]]  # type: ignore[index]
    assert not any(p.requires_grad for p in average.network.parameters())
    assert not average.network.training
    assert network.training
    assert all(p.requires_grad for p in network.parameters())
