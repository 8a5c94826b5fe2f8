"""The smallest recipes, learners and batches of all models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.learners.adversarial import AdversarialLearner
from changen_cli.training.learners.make import make_learner
from changen_cli.training.learners.scenes import SceneLearner

TINY: dict[str, dict[str, Any]] = {
    "changen": {
        "generator": {"width": 1 / 16, "hidden": [8] * 6, "noise_dim": 16},
        "discriminator": {"width": 1 / 16},
    },
    "oasis": {
        "generator": {"width": 1 / 64, "hidden": [8] * 6, "noise_dim": 16},
        "discriminator": {"width": 1 / 16},
        "labelmix": 10.0,
    },
    "spade": {
        "generator": {"width": 1 / 64, "hidden": [8] * 7, "noise_dim": 16},
        "discriminator": {"width": 1 / 16},
    },
    "deepfill": {
        "generator": {"width": 1 / 8},
        "discriminator": {"width": 1 / 16},
        "crops": {"size": 64, "min_building": 0.0, "events": "create"},
    },
    "segmenter": {"generator": {"width": 1 / 4}},
}
"""By name of the model, what its recipe has beside the fixture ``tiny_recipe``; the fixture ``recipe`` joins them."""

GANS = [model for model in TINY if model != "segmenter"]


def tiny_batch(noise_dim: int, first: int = 0, device: str = "cpu") -> TrainingBatch:
    """Draws two samples of 64 x 64 pixels, the same ones each time.

    Args:
        noise_dim: Length of z.
        first: Number of the first.
        device: Where they are; also "meta".
    """
    draw = torch.Generator().manual_seed(0)
    before, after = (torch.rand(2, 2, 64, 64, generator=draw) > 0.8).to(torch.uint8)
    before[:, :32], after[:, 32:] = 0, 0  # some cells of every level are ground, at every stride
    image = torch.randint(256, (2, 3, 64, 64), generator=draw, dtype=torch.uint8)
    noise = torch.randn(2, noise_dim, generator=draw)
    uids = torch.stack([before, after], 1).int()
    valid = torch.ones(2, 64, 64, dtype=torch.bool)
    return TrainingBatch(image, before, after, noise, valid, uids, first=first).to(device)


def tiny_learner(config: TrainConfig, precision: torch.dtype = torch.float32, device: str = "cpu") -> SceneLearner:
    """Makes a learner whose weights are the same each time."""
    torch.manual_seed(0)
    learner = make_learner(config, device, precision)
    assert isinstance(learner, SceneLearner)
    return learner


def tiny_gan(config: TrainConfig, precision: torch.dtype = torch.float32, device: str = "cpu") -> AdversarialLearner:
    """Makes the learner of a model of :data:`GANS`."""
    learner = tiny_learner(config, precision, device)
    assert isinstance(learner, AdversarialLearner)
    return learner


def leaves(state: object, path: str = "") -> dict[str, object]:
    """Lists what is in a state, by its path: tensors and numbers."""
    if isinstance(state, Mapping):
        items = list(state.items())
    elif isinstance(state, list | tuple):
        items = list(enumerate(state))
    else:
        return {path: state}
    return {name: leaf for key, value in items for name, leaf in leaves(value, f"{path}/{key}").items()}


def tensors(state: object) -> list[Tensor]:
    """Lists the tensors in a state."""
    return [leaf for leaf in leaves(state).values() if isinstance(leaf, Tensor)]


def same_state(first: object, second: object) -> bool:
    """Whether two states have the same leaves, tensors to the last bit."""
    a, b = leaves(first), leaves(second)
    return a.keys() == b.keys() and all(
        torch.equal(x, y) if isinstance(x, Tensor) and isinstance(y := b[name], Tensor) else x == b[name]
        for name, x in a.items()
    )
