"""Adversarial learners: a generator, and the discriminators that it is trained against."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim import Adam

from changen_cli.models.units import to_bytes
from changen_cli.reports.contact_sheet import Row, change_row
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch, make_batch
from changen_cli.training.data.crops import Crop, CropSampler
from changen_cli.training.learners.base import StepResult
from changen_cli.training.learners.scenes import SceneLearner
from changen_cli.training.validation.base import Validator
from changen_cli.training.validation.quality import QualityValidation


class AdversarialLearner(SceneLearner):
    """A generator and its discriminators, an optimizer step of each in turn (section 4.1, Algorithm 1).

    Attributes:
        generator: The network that is trained for use.
        discriminators: The networks that are trained against it.
    """

    def __init__(
        self, config: TrainConfig, precision: torch.dtype, generator: nn.Module, discriminators: Sequence[nn.Module]
    ) -> None:
        """Makes the optimizers; see the class for the arguments."""
        self.generator, self.discriminators = generator, tuple(discriminators)
        self._discriminating = [p for d in self.discriminators for p in d.parameters() if p.requires_grad]
        optimizers = (
            Adam(generator.parameters(), config.lr_generator, config.betas),
            Adam(self._discriminating, config.lr_discriminator, config.betas),
        )
        super().__init__(config, precision, [generator, *self.discriminators], optimizers)

    @abstractmethod
    def generator_loss(self, generator: nn.Module, batch: TrainingBatch) -> StepResult:
        """Gives what the generator is to minimise; the discriminators' weights are frozen.

        Args:
            generator: What to call for :attr:`generator`; it may average gradients over processes.
            batch: A part of the mini-batch.

        Returns:
            The loss, its scalars, and what the discriminators are to see (the images first; nothing from them).
        """

    @abstractmethod
    def discriminator_loss(
        self, discriminators: Sequence[nn.Module], batch: TrainingBatch, *made: Tensor
    ) -> StepResult:
        """Gives what the discriminators are to minimise.

        Args:
            discriminators: What to call for :attr:`discriminators`; they may average gradients over processes.
            batch: The part of the mini-batch.
            *made: What :meth:`generator_loss` made of it, before the generator's update.
        """

    def losses_of(self, parts: Sequence[TrainingBatch]) -> list[StepResult]:
        """Takes a step of the generator's optimizer, then one of the discriminators'."""
        generator, *discriminators = map(self.called, self.networks)
        # discriminators only pass gradients on to the generator, so they need none of their own
        self._freeze_discriminators(True)
        first = self.minimise(
            self.optimizers[0], [generator], self.networks, parts, lambda _, part: self.generator_loss(generator, part)
        )
        self._freeze_discriminators(False)
        made = [result.made for result in first]
        second = self.minimise(
            self.optimizers[1],
            discriminators,
            self.discriminators,
            parts,
            lambda number, part: self.discriminator_loss(discriminators, part, *made[number]),
        )
        return [StepResult(a.loss, a.scalars | b.scalars) for a, b in zip(first, second, strict=True)]

    def _freeze_discriminators(self, frozen: bool) -> None:
        for parameter in self._discriminating:
            parameter.requires_grad_(not frozen)

    def show(self, samples: Sequence[Crop], noise: Tensor) -> list[Row]:
        """Shows I_t, S_t (removed in red), S_t+1 (created in green), I~_t+1."""
        made = to_bytes(self.predict(make_batch(samples, noise).to(self.device))).cpu().numpy()
        return [
            change_row(sample.image, sample.before, sample.after, [result])
            for sample, result in zip(samples, made, strict=True)
        ]

    def validator(self, crops: CropSampler) -> Validator[TrainingBatch]:
        """Makes a validation of the images that it synthesises."""
        return QualityValidation.of(self.config, crops, self.device)
