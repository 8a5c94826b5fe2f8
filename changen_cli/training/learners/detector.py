"""Detectors of change: what every one of them learns from pairs of images, and how (section 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from changen_cli.device import autocast
from changen_cli.errors import PluginError
from changen_cli.models.detector import Detection, Detector
from changen_cli.models.registry import get_model
from changen_cli.reporter import Reporter
from changen_cli.reports.contact_sheet import Row
from changen_cli.reports.pictures import as_picture, draw_layouts
from changen_cli.training import losses
from changen_cli.training.config.detection import DetectionConfig
from changen_cli.training.data.base import Sources
from changen_cli.training.data.discover import Limits
from changen_cli.training.data.pairs.batch import PairBatch
from changen_cli.training.data.pairs.sources import PairBatches, count_iterations, make_sources
from changen_cli.training.learners.base import Learner, LearnerState, StepResult, to_device
from changen_cli.training.validation.base import Validator
from changen_cli.training.validation.detection import DetectorValidation, hold_pairs, on_device
from changen_cli.types import UInt8Array


class _Detecting(nn.Module):
    """Calls a detector, and gives tensors: Fabric looks through no dataclass that is frozen."""

    def __init__(self, network: Detector) -> None:
        super().__init__()
        self.network = network

    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, ...]:
        """Returns the logits of change and, of a network that reads them, of the layouts."""
        found: Detection = self.network(before, after)
        return (found.change,) if found.layouts is None else (found.change, found.layouts)


class DetectorLearner(Learner[DetectionConfig, PairBatch, PairBatches]):
    """Binary cross-entropy and soft Dice on change and, weighed, on the layouts of both dates where they are known."""

    columns: ClassVar[tuple[str, ...]] = ("loss", "entropy", "dice", "layouts", "f1")
    unit: ClassVar[str] = "pairs"

    def __init__(self, config: DetectionConfig, device: str, precision: torch.dtype) -> None:
        """Makes a fresh network; arguments as for :func:`~changen_cli.training.learners.make.make_learner`.

        Raises:
            PluginError: If the model's network is no detector.
        """
        made = get_model(config.model).network(config.detector)
        if not isinstance(made, Detector):
            raise PluginError(f"model {config.model!r}: its network is no Detector; see changen_cli/models/detector.py")
        network = to_device(made, device)
        super().__init__(config, precision, [network], [_optimizer(config, network)])
        self._detecting = _Detecting(network)

    @classmethod
    def sources(
        cls, config: DetectionConfig, limits: Limits, device: str, reporter: Reporter
    ) -> Sources[PairBatch, PairBatches]:
        """Opens pairs and scenes; see :func:`~changen_cli.training.data.pairs.sources.make_sources`."""
        return make_sources(config, limits, device, reporter)

    @classmethod
    def settled(cls, config: DetectionConfig) -> DetectionConfig:
        """Counts the updates that the epochs have, where the recipe does not say how many there are."""
        return config if config.iterations else replace(config, iterations=count_iterations(config))

    def called(self, network: nn.Module) -> nn.Module:
        """Returns what to call for the network: what gives its logits as tensors."""
        return super().called(self._detecting)

    def shared(self) -> Sequence[nn.Module]:
        """Lists what processes share the gradients of."""
        return [self._detecting]

    def begin(self, iteration: int) -> None:
        """Sets the rate: lr (1 - n / N)^power."""
        left = 1 - iteration / self.config.iterations
        for group in self.optimizers[0].param_groups:
            group["lr"] = self.config.lr * left**self.config.power

    def losses_of(self, parts: Sequence[PairBatch]) -> list[StepResult]:
        """Takes one optimizer step."""
        network = self.called(self.network)
        return self.minimise(
            self.optimizers[0], [network], self.networks, parts, lambda _, part: self.loss(network, part)
        )

    def loss(self, network: nn.Module, batch: PairBatch) -> StepResult:
        """Gives what the detector is to minimise.

        Args:
            network: What to call; it may average gradients over processes.
            batch: A part of the mini-batch, finished.
        """
        with autocast(batch.images.device, self.precision):
            change, *layouts = network(*batch.inputs)
        entropy, dice = losses.binary_losses(change.squeeze(1), batch.change, batch.valid)
        reading = torch.zeros_like(entropy)
        for read in layouts:
            for date in range(2):
                one, other = losses.binary_losses(read[:, date], batch.layouts[:, date], batch.valid)
                reading = reading + (one + self.config.dice * other) / 2
        reading = reading * batch.known
        detecting = self.config.change * (entropy + self.config.dice * dice)
        loss = (detecting + self.config.layouts * reading).mean()
        with torch.no_grad():
            found, wanted = (change.squeeze(1) > 0) & batch.valid, (batch.change > 0) & batch.valid
            hits = 2 * (found & wanted).sum()
            scalars = {
                "loss": loss.detach(),
                "entropy": entropy.detach().mean(),
                "dice": dice.detach().mean(),
                "layouts": reading.detach().mean(),
                "f1": hits / (found.sum() + wanted.sum()).clamp(min=1),
            }
        return StepResult(loss, scalars)

    def before_step(self, trained: Sequence[nn.Module]) -> None:
        """Scales a gradient that is too long down."""
        if self.config.clip:
            for network in trained:
                nn.utils.clip_grad_norm_(network.parameters(), self.config.clip)

    @torch.inference_mode()
    def predict(self, batch: PairBatch) -> Tensor:
        """Predicts the logits of change, float [B, 1, H, W]."""
        found: Detection = self.ema.network(*batch.inputs)
        return found.change

    def sheet(self, shown: PairBatches, rows: int) -> Callable[[], list[Row]]:
        """Draws pairs: I_t, I_t+1, label (missed in red), change found (falsely in green)."""
        held = hold_pairs(shown, rows, self.device)

        def draw() -> list[Row]:
            drawn: list[Row] = []
            for batch in on_device(held, self.device):
                found = (self.predict(batch).squeeze(1) > 0).to(torch.uint8) * batch.valid
                drawn += [_row(*one) for one in zip(*map(_on_host, (batch.images, batch.change, found)), strict=True)]
            return drawn

        return draw

    def validator(self, held_out: PairBatches) -> Validator[PairBatch]:
        """Makes a validation of the change that it finds."""
        return DetectorValidation(hold_pairs(held_out, self.config.validation_crops, self.device), device=self.device)

    def start_from(self, state: LearnerState) -> None:
        """Takes the moving average of another run, where that was kept; the optimizer starts fresh.

        Raises:
            RuntimeError: If the network is of another shape.
        """
        self.network.load_state_dict(state["ema"])
        self.start_fresh()


def _optimizer(config: DetectionConfig, network: nn.Module) -> Optimizer:
    parameters = network.parameters()
    if config.optimizer == "sgd":
        return SGD(parameters, config.lr, momentum=config.momentum, weight_decay=config.weight_decay)
    kind = Adam if config.optimizer == "adam" else AdamW
    return kind(parameters, config.lr, weight_decay=config.weight_decay)


def _on_host(tensor: Tensor) -> UInt8Array:
    array: UInt8Array = tensor.to(torch.uint8).cpu().numpy()
    return array


def _row(images: UInt8Array, change: UInt8Array, found: UInt8Array) -> Row:
    return [*map(as_picture, images), *draw_layouts(change, np.ascontiguousarray(found))]
