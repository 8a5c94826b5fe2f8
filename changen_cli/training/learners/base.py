"""What a learner is: the networks of one model, their optimizers, and one iteration of training them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from changen_cli.models.layers import normalized_once
from changen_cli.training import losses
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch, with_counts
from changen_cli.training.data.crops import Crop
from changen_cli.training.ema import MovingAverage
from changen_cli.training.run.sheets import Rows
from changen_cli.training.sharing import batch_norm_over_all, power_iteration_held

if TYPE_CHECKING:  # packing weights reads checkpoints, and must not need Fabric
    from lightning_fabric import Fabric

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the generator, or its judges, make of a part of a mini-batch.

    Attributes:
        loss: What is descended. A mean over samples, so that those of parts and of processes can be averaged.
        scalars: For the log, by name, detached.
        made: What the judges need in their turn, the images first, detached; nothing from the judges themselves.
    """

    loss: Tensor
    scalars: dict[str, Tensor]
    made: tuple[Tensor, ...] = ()


class Learner(ABC):
    """One model in training; the loop of :mod:`changen_cli.training.train` knows nothing else about it.

    The networks draw from PyTorch's own generator only while they are made. Whatever an iteration draws is keyed by the
    seed and the number of the sample, so the state below is the whole state.

    Attributes:
        columns: Names of the scalars of :meth:`step`, in the order of the log; the generator's own loss comes first.
        balances: Whether a loss weighs classes by their frequency in the mini-batch.
        config: The recipe.
        precision: ``torch.bfloat16`` for autocast, ``torch.float32`` without.
        generator: The network that is trained for use.
        judges: The networks that are trained against it.
        optimizers: The generator's, then, where there are judges, theirs.
        average: Moving average of the generator: what is shown and packed.
    """

    columns: ClassVar[tuple[str, ...]]
    balances: ClassVar[bool] = False

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
        self._judged = [p for judge in judges for p in judge.parameters() if p.requires_grad]
        self._shared: dict[nn.Module, nn.Module] = {}
        self._fabric: Fabric | None = None

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return next(self.generator.parameters()).device

    @abstractmethod
    def generator_loss(self, generator: nn.Module, batch: TrainingBatch) -> Turn:
        """What the generator is to descend; the judges' weights are frozen.

        Args:
            generator: What to call for :attr:`generator`; it may average gradients over processes.
            batch: A part of the mini-batch.

        Returns:
            The loss, its scalars, and what the judges are to see.
        """

    def discriminator_loss(self, judges: Sequence[nn.Module], batch: TrainingBatch, *made: Tensor) -> Turn:
        """What the judges are to descend; a learner without judges has no such turn.

        Args:
            judges: What to call for :attr:`judges`; they may average gradients over processes.
            batch: The part of the mini-batch.
            *made: What the generator's turn made of it, before its update.

        Returns:
            The loss and its scalars.
        """
        raise NotImplementedError(f"{type(self).__name__} has no judges")

    @abstractmethod
    def imagine(self, batch: TrainingBatch) -> Tensor:
        """What the moving average makes of samples that are not trained on.

        Args:
            batch: Held-out samples, numbered from 0.

        Returns:
            Images, float [B, 3, H, W] in -1..1; of the segmenter logits, float [B, classes, H, W].
        """

    @abstractmethod
    def show(self, samples: Sequence[Crop], noise: Tensor) -> Rows:
        """Shows what the moving average makes of samples.

        Args:
            samples: What to show.
            noise: z, float32 [len(samples), noise_dim].

        Returns:
            A row of pictures for each sample.
        """

    def share(self, fabric: Fabric) -> None:
        """Lets all processes of a run train the networks together: each turn ends with the mean of their gradients.

        To be called once, by all of them, after :meth:`restore`. Weights, moving average and the state of the
        optimizers stay equal everywhere, so any process can write the checkpoint.

        Raises:
            TrainingError: If a network normalises over the batch on devices that cannot do that together.
        """
        if fabric.world_size == 1:
            return
        self._fabric = fabric
        batch_norm_over_all(self.generator)
        for network in (self.generator, *self.judges):
            self._shared[network] = fabric.setup_module(network, move_to_device=False)

    def step(self, *parts: TrainingBatch) -> dict[str, Tensor]:
        """Trains every network once: lines 4 to 6 of Algorithm 1, for whatever the losses of the model are.

        Args:
            parts: The mini-batch, or what this process has of it, in parts that follow each other. Their gradients are
                accumulated, which gives what one batch of them all gives, but for statistics over a batch.

        Returns:
            Scalars by name, detached, means over the parts: one for each of :attr:`columns`.
        """
        if self.balances and self.config.balance and (self._fabric is not None or len(parts) > 1):
            parts = tuple(with_counts(parts, self.config.classes, self._fabric))
        generator, *judges = (self._shared.get(n, n) for n in (self.generator, *self.judges))
        # judges only pass gradients on in the generator's turn, so they need none of their own
        self._freeze_judges(True)
        networks = (self.generator, *self.judges)
        turns = self._descend(
            self.optimizers[0], [generator], networks, parts, lambda _, part: self.generator_loss(generator, part)
        )
        if judges:
            self._freeze_judges(False)
            made = [turn.made for turn in turns]
            others = self._descend(
                self.optimizers[1],
                judges,
                self.judges,
                parts,
                lambda n, part: self.discriminator_loss(judges, part, *made[n]),
            )
            turns = [Turn(a.loss, a.scalars | b.scalars) for a, b in zip(turns, others, strict=True)]
        sizes = torch.tensor([len(part) for part in parts], dtype=torch.float32, device=self.device)
        shares = sizes / sizes.sum()
        return {name: (shares * torch.stack([t.scalars[name] for t in turns])).sum() for name in self.columns}

    def _descend(
        self,
        optimizer: Optimizer,
        trained: Sequence[nn.Module],
        called: Sequence[nn.Module],
        parts: Sequence[TrainingBatch],
        turn: Callable[[int, TrainingBatch], Turn],
    ) -> list[Turn]:
        """One step of an optimizer down the mean loss of the parts."""
        optimizer.zero_grad(set_to_none=True)
        size = sum(map(len, parts))
        turns = []
        for number, part in enumerate(parts):
            with ExitStack() as stack:
                if number:  # one power iteration a turn, however many parts there are
                    stack.enter_context(power_iteration_held(*called))
                stack.enter_context(normalized_once(*called))
                if self._fabric is not None and number < len(parts) - 1:  # gradients are exchanged once, at the end
                    for network in trained:
                        stack.enter_context(self._fabric.no_backward_sync(network))  # type: ignore[arg-type]
                found = turn(number, part)
                torch.autograd.backward(found.loss * (len(part) / size))
            turns.append(Turn(found.loss.detach(), found.scalars, found.made))
        optimizer.step()
        return turns

    def _freeze_judges(self, frozen: bool) -> None:
        for parameter in self._judged:
            parameter.requires_grad_(not frozen)

    def balance(self, batch: TrainingBatch) -> tuple[Tensor, Tensor] | tuple[None, None]:
        """Weighs the classes of S_t and of S_t+1 by their inverse frequency in the whole mini-batch, if asked for.

        Returns:
            Weights for :func:`~changen_cli.training.losses.labelled_loss`, or None twice.
        """
        if not self.config.balance:
            return None, None
        before, after = batch.count_classes(self.config.classes) if batch.counts is None else batch.counts
        return losses.class_weights(before), losses.class_weights(after)

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
    config: TrainConfig, generator: nn.Module, *judges: nn.Module
) -> tuple[nn.Module, tuple[nn.Module, ...], tuple[Optimizer, Optimizer]]:
    """Makes Adam for a generator and for its judges (section 4.1); in the order that :class:`Learner` takes them."""
    judged = [p for judge in judges for p in judge.parameters() if p.requires_grad]
    optimizers = (
        Adam(generator.parameters(), config.lr_generator, config.betas),
        Adam(judged, config.lr_discriminator, config.betas),
    )
    return generator, judges, optimizers
