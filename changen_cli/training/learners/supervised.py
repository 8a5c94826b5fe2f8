"""Learners of one network and one loss: segmenters, and whatever else is taught by labels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import nn
from torch.optim import Adam

from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.learners.base import StepResult
from changen_cli.training.learners.scenes import SceneLearner


class SupervisedLearner(SceneLearner):
    """A network that minimises one loss with Adam."""

    def __init__(self, config: TrainConfig, precision: torch.dtype, network: nn.Module) -> None:
        """Makes the optimizer; see the base class for the arguments."""
        super().__init__(config, precision, [network], [Adam(network.parameters(), config.lr_generator, config.betas)])

    @abstractmethod
    def loss(self, network: nn.Module, batch: TrainingBatch) -> StepResult:
        """Gives what the network is to minimise.

        Args:
            network: What to call for :attr:`network`; it may average gradients over processes.
            batch: A part of the mini-batch.
        """

    def losses_of(self, parts: Sequence[TrainingBatch]) -> list[StepResult]:
        """Takes one optimizer step."""
        network = self.called(self.network)
        return self.minimise(
            self.optimizers[0], [network], self.networks, parts, lambda _, part: self.loss(network, part)
        )
