# my_package/sketch/learner.py
from collections.abc import Sequence
from typing import ClassVar

import torch
from changen_cli.device import autocast
from changen_cli.models.units import to_bytes
from changen_cli.reports.contact_sheet import Row, change_row
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch, make_batch
from changen_cli.training.data.crops import Crop, CropSampler
from changen_cli.training.learners.base import StepResult, to_device
from changen_cli.training.learners.supervised import SupervisedLearner
from changen_cli.training.validation.base import Validator
from changen_cli.training.validation.quality import QualityValidation
from torch import Tensor, nn

from my_package.sketch import Sketch


class SketchLearner(SupervisedLearner):
    """Hides in I_t what differs between S_t and S_t+1, and wants I_t back, of its own layout S_t."""

    columns: ClassVar[tuple[str, ...]] = ("loss",)  # scalars of a step, for the log

    def __init__(self, config: TrainConfig, device: str, precision: torch.dtype) -> None:
        super().__init__(config, precision, to_device(Sketch(config.generator), device))

    def loss(self, network: nn.Module, batch: TrainingBatch) -> StepResult:
        with autocast(batch.image.device, self.precision):
            made = network(batch.pixels, batch.before != batch.after, batch.before)
        loss = (made - batch.pixels).abs().mean()
        return StepResult(loss, {"loss": loss.detach()})

    @torch.inference_mode()
    def predict(self, batch: TrainingBatch) -> Tensor:
        return self.ema.network(batch.pixels, batch.before != batch.after, batch.after)

    def show(self, samples: Sequence[Crop], noise: Tensor) -> list[Row]:
        made = to_bytes(self.predict(make_batch(samples, noise).to(self.device))).cpu().numpy()
        return [change_row(s.image, s.before, s.after, [image]) for s, image in zip(samples, made, strict=True)]

    def validator(self, crops: CropSampler) -> Validator:
        return QualityValidation.of(self.config, crops, self.device)
