"""What a learner is: a network in training, its losses, optimizers, moving average, state and predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypedDict, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from changen_cli.models.layers import normalized_once
from changen_cli.models.spectral import power_iteration_held
from changen_cli.reporter import Reporter
from changen_cli.reports.contact_sheet import Row
from changen_cli.training.config.run import RunOptions
from changen_cli.training.data.base import Samples, Shown, Sources
from changen_cli.training.data.discover import Limits
from changen_cli.training.distributed import batch_norm_over_all
from changen_cli.training.ema import MovingAverage
from changen_cli.training.validation.base import Validator

if TYPE_CHECKING:  # packing weights reads checkpoints, and must not need Fabric
    from lightning_fabric import Fabric

Network = TypeVar("Network", bound=nn.Module)
Config = TypeVar("Config", bound=RunOptions)
Some = TypeVar("Some", bound=Samples)


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a loss makes of a part of a mini-batch.

    Attributes:
        loss: What is minimised. A mean over samples, so that those of parts and of processes can be averaged.
        scalars: For the log, by name, detached.
        made: Tensors that a later loss of the same part needs, detached.
    """

    loss: Tensor
    scalars: dict[str, Tensor]
    made: tuple[Tensor, ...] = ()


class LearnerState(TypedDict):
    """What a learner needs to go on, as PyTorch gives it.

    Attributes:
        networks: Weights and buffers of every network that is trained.
        ema: Those of the moving average.
        optimizers: State of every optimizer.
    """

    networks: list[dict[str, Tensor]]
    ema: dict[str, Tensor]
    optimizers: list[dict[str, object]]


class Learner(ABC, Generic[Config, Some, Shown]):
    """One model in training; the loop of :mod:`changen_cli.training.train` knows nothing else about it.

    Its type says which arguments, mini-batches and shown data it has.

    The networks draw from PyTorch's own generator only while they are made. Whatever an iteration draws is keyed by the
    seed and the number of the sample, so the state below is the whole state.

    A learner is made with a recipe, a torch device and a precision, as :func:`make_learner` does.

    Attributes:
        columns: Names of the scalars of :meth:`step`, in the order of the log; the loss of the network itself first.
        unit: What a sample is, for the rate that progress shows.
        config: The recipe.
        precision: ``torch.bfloat16`` for autocast, ``torch.float32`` without.
        network: The network that is trained for use.
        networks: Every network that is trained, that one first.
        optimizers: The network's, then those of the others.
        ema: Exponential moving average of the network's weights: what predicts, is shown and packed.
    """

    columns: ClassVar[tuple[str, ...]]
    unit: ClassVar[str] = "images"

    def __init__(
        self,
        config: Config,
        precision: torch.dtype,
        networks: Sequence[nn.Module],
        optimizers: Sequence[Optimizer],
    ) -> None:
        """Keeps the networks, and starts the moving average; see the class for the arguments."""
        self.config, self.precision = config, precision
        self.networks = tuple(networks)
        self.network = self.networks[0]
        self.optimizers = tuple(optimizers)
        self.ema = MovingAverage(self.network, config.ema)
        self._shared: dict[nn.Module, nn.Module] = {}
        self._fabric: Fabric | None = None

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return next(self.network.parameters()).device

    @abstractmethod
    def losses_of(self, parts: Sequence[Some]) -> list[StepResult]:
        """Trains every network once, by :meth:`minimise`.

        Args:
            parts: As of :meth:`step`.

        Returns:
            The scalars of each part.
        """

    @classmethod
    @abstractmethod
    def sources(cls, config: Config, limits: Limits, device: str, reporter: Reporter) -> Sources[Some, Shown]:
        """Opens the data of a run.

        Args:
            config: The recipe.
            limits: How much of it is held in memory.
            device: Where the networks are.
            reporter: Told what is read.

        Raises:
            ChangenError: If data cannot be read or used.
        """

    @classmethod
    def settled(cls, config: Config) -> Config:
        """Returns a recipe with what only its data can tell, for example how long an epoch is.

        Raises:
            ChangenError: If data cannot be read or used.
        """
        return config

    @abstractmethod
    def predict(self, batch: Some) -> Tensor:
        """Predicts with the moving average, for samples that are not trained on.

        Args:
            batch: Held-out samples, numbered from 0.

        Returns:
            Of a generator images, float [B, 3, H, W] in -1..1; of a segmenter logits, float [B, classes, H, W]; of a
            detector logits of change, float [B, 1, H, W].
        """

    @abstractmethod
    def sheet(self, shown: Shown, rows: int) -> Callable[[], list[Row]]:
        """Draws the samples of sample sheets.

        Args:
            shown: Where they come from.
            rows: How many.

        Returns:
            Shows what the moving average predicts for them, whenever it is called: a row of pictures for each.

        Raises:
            ChangenError: If data cannot be read or used.
        """

    @abstractmethod
    def validator(self, held_out: Shown) -> Validator[Some]:
        """Makes what the model is validated by.

        Args:
            held_out: Held-out data.

        Returns:
            What computes its metrics from :meth:`predict`.

        Raises:
            TrainingError: If data cannot be read or used.
            WeightsError: If a network that metrics are computed with cannot be loaded.
        """

    def begin(self, iteration: int) -> None:
        """Gets ready for an iteration, numbered from 0: for rates that are a function of it alone."""

    def share(self, fabric: Fabric) -> None:
        """Lets all processes of a run train the networks together: each loss ends with the mean of their gradients.

        To be called once, by all of them, after :meth:`restore`. Weights, moving average and the state of the
        optimizers stay equal everywhere, so any process can write the checkpoint.

        Raises:
            TrainingError: If a network normalises over the batch on devices that cannot do that together.
        """
        if fabric.world_size == 1:
            return
        self._fabric = fabric
        batch_norm_over_all(self.network)
        for network in self.shared():
            self._shared[network] = fabric.setup_module(network, move_to_device=False)

    def shared(self) -> Sequence[nn.Module]:
        """Lists what processes share the gradients of: the networks, or what calls them."""
        return self.networks

    def called(self, network: nn.Module) -> nn.Module:
        """Returns what to call for a network: itself, or what averages its gradients over the processes."""
        return self._shared.get(network, network)

    def step(self, *parts: Some) -> dict[str, Tensor]:
        """Trains every network once: lines 4 to 6 of Algorithm 1, for whatever the losses of the model are.

        Args:
            parts: The mini-batch, or what this process has of it, in parts that follow each other. Their gradients are
                accumulated, which gives what one batch of them all gives, but for statistics over a batch.

        Returns:
            Scalars by name, detached, means over the parts: one for each of :attr:`columns`.
        """
        results = self.losses_of(parts)
        sizes = torch.tensor([len(part) for part in parts], dtype=torch.float32, device=self.device)
        shares = sizes / sizes.sum()
        return {name: (shares * torch.stack([r.scalars[name] for r in results])).sum() for name in self.columns}

    def minimise(
        self,
        optimizer: Optimizer,
        trained: Sequence[nn.Module],
        called: Sequence[nn.Module],
        parts: Sequence[Some],
        loss: Callable[[int, Some], StepResult],
    ) -> list[StepResult]:
        """Takes one step of an optimizer down the mean loss of the parts.

        Args:
            optimizer: Of the networks that are trained.
            trained: What is called for them (:meth:`called`).
            called: Every network that the loss calls.
            parts: The parts of the mini-batch.
            loss: Gives the loss of a part, by its number.

        Returns:
            What the loss made of each part, detached.
        """
        optimizer.zero_grad(set_to_none=True)
        size = sum(map(len, parts))
        results = []
        for number, part in enumerate(parts):
            with ExitStack() as stack:
                if number:  # one power iteration a step, however many parts there are
                    stack.enter_context(power_iteration_held(*called))
                stack.enter_context(normalized_once(*called))
                if self._fabric is not None and number < len(parts) - 1:  # gradients are exchanged once, at the end
                    for network in trained:
                        stack.enter_context(self._fabric.no_backward_sync(network))  # type: ignore[arg-type]
                found = loss(number, part)
                torch.autograd.backward(found.loss * (len(part) / size))
            results.append(StepResult(found.loss.detach(), found.scalars, found.made))
        self.before_step(trained)
        optimizer.step()
        return results

    def before_step(self, trained: Sequence[nn.Module]) -> None:
        """Looks at the gradients of networks, of the whole mini-batch and all processes, before an optimizer's step."""

    def update_ema(self, iteration: int) -> None:
        """Moves the average towards the network, which has seen ``iteration`` updates."""
        self.ema.update(self.network, iteration)

    def state(self) -> LearnerState:
        """Returns the state of all networks and optimizers, for a checkpoint."""
        return {
            "networks": [network.state_dict() for network in self.networks],
            "ema": self.ema.network.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }

    def restore(self, state: LearnerState) -> None:
        """Takes the state of :meth:`state` back.

        Raises:
            RuntimeError: If a network is of another shape.
            ValueError: If an optimizer is, or there are other networks.
        """
        for network, values in zip(self.networks, state["networks"], strict=True):
            network.load_state_dict(values)
        self.ema.network.load_state_dict(state["ema"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)

    def start_from(self, state: LearnerState) -> None:
        """Takes another run's state as the start of this one; data, losses and rates are this one's.

        Raises:
            RuntimeError: If a network is of another shape.
            ValueError: If an optimizer is, or there are other networks.
        """
        self.restore(state)
        self.reset_rates()

    def reset_rates(self) -> None:
        """Gives the optimizers the recipe's rates again, after a state that brought another recipe's along."""

    def start_fresh(self) -> None:
        """Takes what is in :attr:`network` now as the start of a run: the moving average starts from it."""
        self.ema.network.load_state_dict(self.network.state_dict())


AnyLearner: TypeAlias = Learner[Any, Any, Any]


def to_device(network: Network, device: str) -> Network:
    """Brings a network to a device, channels last, in training mode."""
    return network.to(device).to(memory_format=torch.channels_last).train()
