"""benchmarks/roofline.py: what it counts of detectors is what their tests and the paper count, and steps cost more."""

from __future__ import annotations

from typing import Any

import pytest
import roofline
import torch
from roofline_count import Cost, Counting, forward_cost, step_cost

from changen_cli.training.config.detection import DetectionConfig


def test_a_product_of_matrices_is_counted() -> None:
    cost = Cost()
    with Counting(cost):
        torch.ones(4, 8) @ torch.ones(8, 2)
    assert cost.flops == 2 * 4 * 8 * 2
    assert cost.moved >= 4 * (4 * 8 + 8 * 2 + 4 * 2)


def test_the_gradients_of_a_grouped_convolution_cost_twice_the_convolution() -> None:
    layer, x = torch.nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), torch.ones(2, 8, 5, 5, requires_grad=True)
    forward, backward = Cost(), Cost()
    with Counting(forward):
        y = layer(x)
    with Counting(backward):
        y.backward(torch.ones_like(y))
    assert forward.flops == 2 * 2 * 5 * 5 * 8 * 9
    assert backward.flops == 2 * forward.flops


def test_attention_is_counted_with_its_gradients() -> None:
    query, key, value = (torch.ones(1, 2, n, 4, requires_grad=True) for n in (6, 3, 3))
    cost = Cost()
    with Counting(cost):
        y = torch.nn.functional.scaled_dot_product_attention(query, key, value)
    assert cost.flops == 2 * 2 * (2 * 6 * 3 * 4)
    with Counting(cost):
        y.backward(torch.ones_like(y))
    assert cost.flops >= 3 * 2 * 2 * (2 * 6 * 3 * 4)


def test_multiply_adds_of_the_papers_detector_are_those_of_table_6() -> None:
    config: Any = roofline.read_config("changestar-levir")
    assert isinstance(config, DetectionConfig)
    forward = forward_cost(config, 256)
    assert forward.flops / 2e9 == pytest.approx(16.3, abs=0.05)
    assert forward_cost(config, 256, batch=2).flops == pytest.approx(2 * forward.flops)


def test_a_step_of_a_detector_is_about_three_times_its_forward_pass() -> None:
    config: Any = roofline.read_config("fcsiam")
    cost, trained = step_cost(config, 2)
    assert trained == [1_350_001]
    assert 2.8 < cost.flops / forward_cost(config, config.crops.size, 2).flops < 3.1
    # Adam moves seven numbers a parameter, and there is no moving average
    assert cost.seconds["optimizers"] == pytest.approx(trained[0] * 28 / 3.35e12)


def test_a_detectors_report_counts_pairs() -> None:
    lines = "\n".join(roofline.report(roofline.read_config("changelite-pairs"), 1))
    assert "1 x H100, 8 pairs of 256 x 256 on each: calculated, not measured" in lines
    assert "pairs a second" in lines
