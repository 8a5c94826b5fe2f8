"""One learner a model: its networks, its losses, one iteration of training."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from changen_cli.training.config.options import TrainConfig
from changen_cli.training.learners.base import Learner
from changen_cli.training.learners.changen import ChangenLearner
from changen_cli.training.learners.deepfill import DeepFillLearner
from changen_cli.training.learners.oasis import OasisLearner
from changen_cli.training.learners.segmenter import SegmenterLearner
from changen_cli.training.learners.spade import SpadeLearner

__all__ = ["LEARNERS", "Learner", "make_learner"]

LEARNERS: Mapping[str, Callable[[TrainConfig, str, torch.dtype], Learner]] = {
    "changen": ChangenLearner,
    "oasis": OasisLearner,
    "spade": SpadeLearner,
    "deepfill": DeepFillLearner,
    "segmenter": SegmenterLearner,
}


def make_learner(config: TrainConfig, device: str, precision: torch.dtype) -> Learner:
    """Makes the learner of a recipe, with fresh networks.

    Args:
        config: The recipe; its ``model`` says which.
        device: A torch device.
        precision: ``torch.bfloat16`` for autocast, ``torch.float32`` without.

    Returns:
        The learner.

    Raises:
        WeightsError: If the recipe wants frozen features whose packages are not installed.
    """
    return LEARNERS[config.model](config, device, precision)
