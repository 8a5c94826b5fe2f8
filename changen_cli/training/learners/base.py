"""What a learner is: the networks of one model, their optimizers, and one iteration of training them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from changen_cli.training.batch import TrainingBatch
from changen_cli.training.config import TrainConfig
from changen_cli.training.data import Sample
from changen_cli.training.ema import MovingAverage
from changen_cli.training.sheets import Rows

Network = TypeVar("Network", bound=nn.Module)


class Learner(ABC):
    """One model in training; the loop of :mod:`changen_cli.training.train` knows nothing else about it.

    The networks draw from PyTorch's own generator only while they are made. Whatever an iteration draws is keyed by the
    seed and the number of the sample, so the state below is the whole state.

    Attributes:
        columns: Names of the scalars of :meth:`step`, in the order of the log; the generator's own loss comes first.
        config: The recipe.
        precision: ``torch.bfloat16`` for autocast, ``torch.float32`` without.
        generator: The network that is trained for use.
        judges: The networks that are trained against it.
        optimizers: The generator's, then, where there are judges, theirs.
        average: Moving average of the generator: what is shown and packed.
    """

    columns: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        config: TrainConfig,
        precision: torch.dtype,
        generator: nn.Module,
        judges: Sequence[nn.Module],
        optimizers: Sequence[Optimizer],
    ) -> None:
        """Keeps the networks, and starts the moving average; see the class for the arguments."""
        self.config, self.precision = config, precision
        self.generator = generator
        self.judges = tuple(judges)
        self.optimizers = tuple(optimizers)
        self.average = MovingAverage(generator, config.ema)

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return next(self.generator.parameters()).device

    @abstractmethod
    def step(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """Trains every network once.

        Args:
            batch: The mini-batch.

        Returns:
            Scalars by name, detached: one for each of :attr:`columns`.
        """

    @abstractmethod
    def show(self, samples: Sequence[Sample], noise: Tensor) -> Rows:
        """Shows what the moving average makes of samples.

        Args:
            samples: What to show.
            noise: z, float32 [len(samples), noise_dim].

        Returns:
            A row of pictures for each sample.
        """

    def follow(self, iteration: int) -> None:
        """Moves the average towards the generator, which has seen ``iteration`` updates."""
        self.average.update(self.generator, iteration)

    def state(self) -> dict[str, Any]:
        """Returns the state of all networks and optimizers, for a checkpoint."""
        return {
            "generator": self.generator.state_dict(),
            "average": self.average.network.state_dict(),
            "judges": [judge.state_dict() for judge in self.judges],
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes the state of :meth:`state` back.

        Raises:
            RuntimeError: If a network is of another shape.
            ValueError: If an optimizer is, or there are other judges.
        """
        self.generator.load_state_dict(state["generator"])
        self.average.network.load_state_dict(state["average"])
        for judge, values in zip(self.judges, state["judges"], strict=True):
            judge.load_state_dict(values)
        for optimizer, values in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(values)

    def reset_rates(self) -> None:
        """Gives the optimizers the recipe's rates again, after a state that brought another recipe's along."""
        rates = (self.config.lr_generator, self.config.lr_discriminator)
        for optimizer, rate in zip(self.optimizers, rates, strict=False):
            for group in optimizer.param_groups:
                group.update(lr=rate, betas=self.config.betas)


def placed(network: Network, device: str) -> Network:
    """Brings a network to a device, channels last, in training mode."""
    return network.to(device).to(memory_format=torch.channels_last).train()


def adversaries(
    config: TrainConfig, generator: nn.Module, judge: nn.Module
) -> tuple[nn.Module, tuple[nn.Module], tuple[Optimizer, Optimizer]]:
    """Makes Adam for a generator and for its judge; in the order that :class:`Learner` takes them."""
    optimizers = (
        Adam(generator.parameters(), config.lr_generator, config.betas),
        Adam(judge.parameters(), config.lr_discriminator, config.betas),
    )
    return generator, (judge,), optimizers


def descend(optimizer: Optimizer, loss: Tensor) -> None:
    """One step of an optimizer down a loss."""
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    optimizer.step()
