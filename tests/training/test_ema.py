from __future__ import annotations

import pytest
import torch
from torch import nn

from changen_cli.training.ema import MovingAverage


def filled(value: float) -> nn.Module:
    network = nn.Sequential(nn.Linear(2, 1, bias=False), nn.BatchNorm1d(1))
    fill(network, value)
    return network


def fill(network: nn.Module, value: float) -> None:
    with torch.no_grad():
        network.get_parameter("0.weight").fill_(value)


def weights(average: MovingAverage) -> list[float]:
    return average.network.get_parameter("0.weight").flatten().tolist()


def test_values_by_hand() -> None:
    network = filled(0.0)
    average = MovingAverage(network, 0.5)
    fill(network, 11.0)
    average.update(network, 1)  # warm-up: decay 2 / 11
    assert weights(average) == pytest.approx([9.0, 9.0])
    average.update(network, 1000)  # decay 0.5
    assert weights(average) == pytest.approx([10.0, 10.0])


def test_buffers_are_copied() -> None:
    network = filled(0.0)
    average = MovingAverage(network, 0.999)
    network(torch.rand(8, 2))
    average.update(network, 1000)
    assert torch.equal(average.network.get_buffer("1.running_mean"), network.get_buffer("1.running_mean"))
    assert int(average.network.get_buffer("1.num_batches_tracked")) == 1


def test_the_average_is_apart_from_the_network() -> None:
    network = filled(1.0)
    average = MovingAverage(network, 0.9)
    fill(network, 5.0)
    assert weights(average) == [1.0, 1.0]
    assert not any(p.requires_grad for p in average.network.parameters())
    assert not average.network.training
    assert network.training
    assert all(p.requires_grad for p in network.parameters())
