"""DeepFillv2: filling the ground of removed objects (Yu et al. 2019, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.device import autocast
from changen_cli.models.deepfill import DeepFillGenerator, HoleDiscriminator
from changen_cli.models.units import to_bytes
from changen_cli.reports.contact_sheet import Row
from changen_cli.reports.pictures import as_picture
from changen_cli.training import losses
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch, make_batch
from changen_cli.training.data.crops import Crop
from changen_cli.training.learners.adversarial import AdversarialLearner
from changen_cli.training.learners.base import StepResult, to_device
from changen_cli.training.learners.holes import draw_holes


class DeepFillLearner(AdversarialLearner):
    """L1 to the image behind the hole for both steps of G, and the hinge loss of SN-PatchGAN for the filled image.

    Holes lie on ground without buildings (:mod:`changen_cli.training.learners.holes`): G learns to fill a hole with
    what is behind it, which must be ground.
    """

    columns: ClassVar[tuple[str, ...]] = ("g_coarse", "g_fine", "g_hinge", "d_real", "d_fake", "hole")

    def __init__(self, config: TrainConfig, device: str, precision: torch.dtype) -> None:
        """Makes fresh networks; arguments as for :func:`~changen_cli.training.learners.make.make_learner`."""
        generator = to_device(DeepFillGenerator(config.generator), device)
        discriminator = to_device(HoleDiscriminator(config.discriminator), device)
        super().__init__(config, precision, generator, [discriminator])

    def generator_loss(self, generator: nn.Module, batch: TrainingBatch) -> StepResult:
        """Fills the hole twice: a guess, and its refinement, which the discriminator sees."""
        (discriminator,) = self.discriminators
        config, image = self.config, batch.pixels
        hole = draw_holes(batch.before, batch.after, config.seed, "train", batch.first)
        with autocast(image.device, self.precision):
            coarse, fine = generator(image, hole)
            filled = torch.where(hole, fine, image)
            scores = discriminator(filled, hole)
        # over all pixels, as published: outside the hole it teaches the decoder what images look like
        guess, refined = F.l1_loss(coarse, image), F.l1_loss(fine, image)
        hinge = losses.hinge_generator([scores])
        scalars = {"g_coarse": guess, "g_fine": refined, "g_hinge": hinge, "hole": hole.float().mean()}
        return StepResult(
            guess + refined + config.arguments.adversarial * hinge,
            {name: value.detach() for name, value in scalars.items()},
            (filled.detach(), hole),
        )

    def discriminator_loss(
        self, discriminators: Sequence[nn.Module], batch: TrainingBatch, *made: Tensor
    ) -> StepResult:
        """The hinge of the image and of the filled one under the same hole, in one call."""
        (discriminator,) = discriminators
        filled, hole = made
        with autocast(hole.device, self.precision):
            scores = discriminator(torch.cat([batch.pixels, filled]), torch.cat([hole, hole]))
        first, second = scores.chunk(2)
        real, synthesised = losses.hinge_real([first]), losses.hinge_fake([second])
        return StepResult(real + synthesised, {"d_real": real.detach(), "d_fake": synthesised.detach()})

    @torch.inference_mode()
    def predict(self, batch: TrainingBatch) -> Tensor:
        """Predicts I_t with its hole filled."""
        hole = self._held_out_holes(batch)
        image = batch.pixels
        _, fine = self.ema.network(image, hole)
        return torch.where(hole, fine, image)

    def show(self, samples: Sequence[Crop], noise: Tensor) -> list[Row]:
        """Shows I_t, I_t with the hole in grey, and filled."""
        batch = make_batch(samples, noise).to(self.device)
        holed = to_bytes(batch.pixels.masked_fill(self._held_out_holes(batch), 0)).cpu().numpy()
        filled = to_bytes(self.predict(batch)).cpu().numpy()
        return [
            [as_picture(sample.image), as_picture(first), as_picture(second)]
            for sample, first, second in zip(samples, holed, filled, strict=True)
        ]

    def _held_out_holes(self, batch: TrainingBatch) -> Tensor:
        return draw_holes(batch.before, batch.after, self.config.seed, "val", batch.first)
