"""The segmenter: P(S_t | I_t) on real images, by which synthesised ones are measured (label agreement)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from changen_cli.device import autocast
from changen_cli.models.segmenter import Segmenter
from changen_cli.reports.contact_sheet import Row
from changen_cli.reports.pictures import as_picture, draw_layouts
from changen_cli.training import losses
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch, make_batch
from changen_cli.training.data.crops import Crop, CropSampler
from changen_cli.training.data.jitter import jittered
from changen_cli.training.learners.base import StepResult, to_device
from changen_cli.training.learners.supervised import SupervisedLearner
from changen_cli.training.validation.base import Validator
from changen_cli.training.validation.segmentation import SegmenterValidation


class SegmenterLearner(SupervisedLearner):
    """Cross-entropy on (I_t, S_t) under colour jitter; with ``balance``, of classes weighed by inverse frequency."""

    columns: ClassVar[tuple[str, ...]] = ("loss", "right", "iou")
    balances: ClassVar[bool] = True

    def __init__(self, config: TrainConfig, device: str, precision: torch.dtype) -> None:
        """Makes a fresh network; arguments as for :func:`~changen_cli.training.learners.make.make_learner`."""
        network = to_device(Segmenter(config.generator), device)
        super().__init__(config, precision, network)

    def loss(self, network: nn.Module, batch: TrainingBatch) -> StepResult:
        """Wants every pixel of a real image read as its class."""
        mask = batch.before.long()
        with autocast(batch.image.device, self.precision):
            logits = network(self._jittered(batch))
        weights, _ = self.balance(batch)
        # the last weight is for the class "synthesised", which the segmenter does not have
        loss = losses.labelled_loss(logits, mask, weights=None if weights is None else weights[:-1])
        with torch.no_grad():
            seen = logits.argmax(1)
            hit, either = ((seen > 0) & (mask > 0)).sum(), ((seen > 0) | (mask > 0)).sum()
            scalars = {
                "loss": loss.detach(),
                "right": (seen == mask).float().mean(),
                "iou": hit / either.clamp(min=1),
            }
        return StepResult(loss, scalars)

    def _jittered(self, batch: TrainingBatch) -> Tensor:
        """Changes brightness, contrast and the gain of each band, by at most ``jitter``."""
        keys = [(self.config.seed, "train", batch.first + k) for k in range(len(batch))]
        return jittered(batch.pixels, self.config.arguments.jitter, keys)

    @torch.inference_mode()
    def predict(self, batch: TrainingBatch) -> Tensor:
        """Predicts the logits of S_t."""
        logits: Tensor = self.ema.network(batch.pixels)
        return logits

    def show(self, samples: Sequence[Crop], noise: Tensor) -> list[Row]:
        """Shows I_t, S_t (missed in red), what is seen (falsely in green)."""
        batch = make_batch(samples, noise).to(self.device)
        seen = self.predict(batch).argmax(1).to(torch.uint8).cpu().numpy()
        return [
            [as_picture(sample.image), *draw_layouts(sample.before, found)]
            for sample, found in zip(samples, seen, strict=True)
        ]

    def validator(self, crops: CropSampler) -> Validator[TrainingBatch]:
        """Makes a validation of the classes that it reads."""
        return SegmenterValidation.of(self.config, crops, self.device)
