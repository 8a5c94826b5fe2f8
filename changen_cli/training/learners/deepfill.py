"""DeepFillv2: filling the ground of removed objects (Yu et al. 2019, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from changen_cli.device import autocast
from changen_cli.models.deepfill import DeepFillGenerator, HoleDiscriminator
from changen_cli.models.layers import normalized_once
from changen_cli.pictures import as_picture
from changen_cli.training import losses
from changen_cli.training.batch import TrainingBatch
from changen_cli.training.config import TrainConfig
from changen_cli.training.data import Sample
from changen_cli.training.holes import draw_holes
from changen_cli.training.learners.base import Learner, adversaries, descend, placed
from changen_cli.training.sheets import Rows, as_batch, as_bytes


class DeepFillLearner(Learner):
    """L1 to the image behind the hole for both steps of G, and the hinge loss of SN-PatchGAN for the filled image.

    Holes lie on ground without buildings (:mod:`changen_cli.training.holes`): what is behind a hole is what G learns to
    put there, and it shall put ground.
    """

    columns: ClassVar[tuple[str, ...]] = ("g_coarse", "g_fine", "g_hinge", "d_real", "d_fake", "hole")

    def __init__(self, config: TrainConfig, device: str, precision: torch.dtype) -> None:
        """Makes fresh networks; arguments as for :func:`~changen_cli.training.learners.make_learner`."""
        generator = placed(DeepFillGenerator(config.generator), device)
        discriminator = placed(HoleDiscriminator(config.discriminator), device)
        super().__init__(config, precision, *adversaries(config, generator, discriminator))

    def step(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """One update of G, one of D."""
        config, image, (judge,) = self.config, batch.image, self.judges
        device = image.device
        hole = draw_holes(batch.before, batch.after, config.seed, "train", batch.first)

        judge.requires_grad_(False)
        with normalized_once(judge):
            with autocast(device, self.precision):
                coarse, fine = self.generator(image, hole)
                filled = torch.where(hole, fine, image)
                scores = judge(filled, hole)
            # over all pixels, as published: outside the hole it teaches the decoder what images look like
            guess, refined = F.l1_loss(coarse, image), F.l1_loss(fine, image)
            hinge = losses.hinge_generator([scores])
            descend(self.optimizers[0], guess + refined + config.adversarial * hinge)

        judge.requires_grad_(True)
        with normalized_once(judge):
            with autocast(device, self.precision):
                scores = judge(torch.cat([image, filled.detach()]), torch.cat([hole, hole]))
            first, second = scores.chunk(2)
            real, synthesised = losses.hinge_real([first]), losses.hinge_fake([second])
            descend(self.optimizers[1], real + synthesised)

        return {
            "g_coarse": guess.detach(),
            "g_fine": refined.detach(),
            "g_hinge": hinge.detach(),
            "d_real": real.detach(),
            "d_fake": synthesised.detach(),
            "hole": hole.float().mean(),
        }

    @torch.inference_mode()
    def show(self, samples: Sequence[Sample], noise: Tensor) -> Rows:
        """I_t, I_t with the hole in grey, and filled."""
        batch = as_batch(samples, noise, self.device)
        hole = draw_holes(batch.before, batch.after, self.config.seed, "val", batch.first)
        _, fine = self.average.network(batch.image, hole)
        holed = as_bytes(batch.image.masked_fill(hole, 0))
        filled = as_bytes(torch.where(hole, fine, batch.image))
        return [
            [as_picture(sample.image), as_picture(first), as_picture(second)]
            for sample, first, second in zip(samples, holed, filled, strict=True)
        ]
