"""OASIS + GPCM (Table 1): P(I_t | S_t) by adversarial learning alone (Schoenfeld et al. 2021, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from changen_cli import rng
from changen_cli.device import autocast
from changen_cli.models.layers import normalized_once
from changen_cli.models.oasis import OasisGenerator, SegmentationDiscriminator
from changen_cli.training import losses
from changen_cli.training.batch import TrainingBatch
from changen_cli.training.config import TrainConfig
from changen_cli.training.data import Sample
from changen_cli.training.learners.base import Learner, adversaries, descend, placed
from changen_cli.training.sheets import Rows, as_batch, change_rows


class OasisLearner(Learner):
    """The real pair is (I_t, S_t), the fake pair (G(S_t, z), S_t).

    One label map holds for both images, so LabelMix applies, as it does not for changen: D must label an image whose
    classes come some from the real, some from the synthesised image as it labels these two.
    """

    columns: ClassVar[tuple[str, ...]] = (
        "g_segmentation", "d_real", "d_fake", "d_labelmix", "d_real_right", "d_fake_right",
    )  # fmt: skip

    def __init__(self, config: TrainConfig, device: str, precision: torch.dtype) -> None:
        """Makes fresh networks; arguments as for :func:`~changen_cli.training.learners.make_learner`."""
        generator = placed(OasisGenerator(config.generator), device)
        discriminator = placed(SegmentationDiscriminator(config.discriminator), device)
        super().__init__(config, precision, *adversaries(config, generator, discriminator))

    def step(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """One update of G, one of D."""
        config, mask, (judge,) = self.config, batch.before, self.judges
        device = batch.image.device

        judge.requires_grad_(False)
        with normalized_once(self.generator, judge):
            with autocast(device, self.precision):
                fake = self.generator(mask, batch.noise)
                logits = judge(fake)
            segmentation = losses.labelled_loss(logits, mask, balance=config.balance)
            descend(self.optimizers[0], segmentation)

        judge.requires_grad_(True)
        images = [batch.image, fake.detach()]
        if config.labelmix:
            mixture = self._mixture(batch)
            images.append(torch.where(mixture, *images))
        with normalized_once(judge):
            with autocast(device, self.precision):
                logits = judge(torch.cat(images))
            real_logits, fake_logits, *mixed_logits = logits.split(len(mask))
            real = losses.labelled_loss(real_logits, mask, balance=config.balance)
            synthesised = losses.synthesised_loss(fake_logits)
            consistency = real.new_zeros(())
            if config.labelmix:
                consistency = F.mse_loss(mixed_logits[0], torch.where(mixture, real_logits, fake_logits))
            descend(self.optimizers[1], real + synthesised + config.labelmix * consistency)

        with torch.no_grad():
            return {
                "g_segmentation": segmentation.detach(),
                "d_real": real.detach(),
                "d_fake": synthesised.detach(),
                "d_labelmix": consistency.detach(),
                "d_real_right": (real_logits.argmax(1) == mask).float().mean(),
                "d_fake_right": (fake_logits.argmax(1) == config.classes).float().mean(),
            }

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
    def show(self, samples: Sequence[Sample], noise: Tensor) -> Rows:
        """I_t, S_t, S_t+1, G(S_t+1, z)."""
        batch = as_batch(samples, noise, self.device)
        return change_rows(samples, self.average.network(batch.after, batch.noise))
