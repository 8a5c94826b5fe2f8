"""OASIS + GPCM (Table 1): P(I_t | S_t) by adversarial learning alone (Schoenfeld et al. 2021, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli import rng
from changen_cli.device import autocast
from changen_cli.models.oasis import OasisGenerator, SegmentationDiscriminator
from changen_cli.training import losses
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch
from changen_cli.training.learners.adversarial import AdversarialLearner
from changen_cli.training.learners.base import StepResult, to_device


class OasisLearner(AdversarialLearner):
    """The real pair is (I_t, S_t), the fake pair (G(S_t, z), S_t).

    One label map holds for both images, so LabelMix applies, as it does not for changen: D must label an image whose
    classes come some from the real, some from the synthesised image as it labels these two.
    """

    columns: ClassVar[tuple[str, ...]] = (
        "g_segmentation", "d_real", "d_fake", "d_labelmix", "d_real_right", "d_fake_right",
    )  # fmt: skip
    balances: ClassVar[bool] = True

    def __init__(self, config: TrainConfig, device: str, precision: torch.dtype) -> None:
        """Makes fresh networks; arguments as for :func:`~changen_cli.training.learners.make.make_learner`."""
        generator = to_device(OasisGenerator(config.generator), device)
        discriminator = to_device(SegmentationDiscriminator(config.discriminator), device)
        super().__init__(config, precision, generator, [discriminator])

    def generator_loss(self, generator: nn.Module, batch: TrainingBatch) -> StepResult:
        """Synthesises S_t, and wants every pixel read as its class."""
        (discriminator,) = self.discriminators
        with autocast(batch.image.device, self.precision):
            fake = generator(batch.before, batch.noise)
            logits = discriminator(fake)
        weights, _ = self.balance(batch)
        segmentation = losses.labelled_loss(logits, batch.before, weights=weights)
        return StepResult(segmentation, {"g_segmentation": segmentation.detach()}, (fake.detach(),))

    def discriminator_loss(
        self, discriminators: Sequence[nn.Module], batch: TrainingBatch, *made: Tensor
    ) -> StepResult:
        """Reads real, synthesised and, with ``labelmix``, mixed images in one call."""
        (discriminator,) = discriminators
        config, mask = self.config, batch.before
        images: list[Tensor] = [batch.pixels, *made]
        if config.arguments.labelmix:
            mixture = self._mixture(batch)
            images.append(torch.where(mixture, images[0], images[1]))
        with autocast(mask.device, self.precision):
            logits = discriminator(torch.cat(images))
        real_logits, fake_logits, *mixed_logits = logits.split(len(mask))
        weights, _ = self.balance(batch)
        real = losses.labelled_loss(real_logits, mask, weights=weights)
        synthesised = losses.synthesised_loss(fake_logits)
        consistency = real.new_zeros(())
        if config.arguments.labelmix:
            consistency = F.mse_loss(mixed_logits[0], torch.where(mixture, real_logits, fake_logits))
        with torch.no_grad():
            scalars = {
                "d_real": real.detach(),
                "d_fake": synthesised.detach(),
                "d_labelmix": consistency.detach(),
                "d_real_right": (real_logits.argmax(1) == mask).float().mean(),
                "d_fake_right": (fake_logits.argmax(1) == config.classes).float().mean(),
            }
        return StepResult(real + synthesised + config.arguments.labelmix * consistency, scalars)

    def _mixture(self, batch: TrainingBatch) -> Tensor:
        """Draws for each class of each sample whether it is taken from the real image: bool [B, 1, H, W]."""
        taken = np.stack(
            [
                rng.generator(self.config.seed, "train", batch.first + k, "labelmix").random(self.config.classes) < 0.5
                for k in range(len(batch.before))
            ]
        )
        chosen = torch.from_numpy(taken).to(batch.before.device)
        return chosen.gather(1, batch.before.long().flatten(1)).view_as(batch.before).unsqueeze(1)

    @torch.inference_mode()
    def predict(self, batch: TrainingBatch) -> Tensor:
        """Predicts G(S_t+1, z)."""
        made: Tensor = self.ema.network(batch.after, batch.noise)
        return made
