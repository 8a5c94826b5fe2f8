"""The segmenter: P(S_t | I_t) on real images, to judge synthesised ones by (label agreement)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam

from changen_cli import rng
from changen_cli.device import autocast
from changen_cli.models.segmenter import Segmenter
from changen_cli.pictures import as_picture, draw_layouts
from changen_cli.training import losses
from changen_cli.training.batch import TrainingBatch
from changen_cli.training.config import TrainConfig
from changen_cli.training.data import Sample
from changen_cli.training.learners.base import Learner, descend, placed
from changen_cli.training.sheets import Rows, as_batch


class SegmenterLearner(Learner):
    """Cross-entropy on (I_t, S_t) under colour jitter; with ``balance``, of classes weighed by inverse frequency."""

    columns: ClassVar[tuple[str, ...]] = ("loss", "right", "iou")

    def __init__(self, config: TrainConfig, device: str, precision: torch.dtype) -> None:
        """Makes a fresh network; arguments as for :func:`~changen_cli.training.learners.make_learner`."""
        network = placed(Segmenter(config.generator), device)
        optimizer = Adam(network.parameters(), config.lr_generator, config.betas)
        super().__init__(config, precision, network, (), (optimizer,))

    def step(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """One update."""
        classes, mask = self.config.classes, batch.before.long()
        with autocast(batch.image.device, self.precision):
            logits = self.generator(self._jittered(batch))
        weights = losses.class_weights(mask, classes)[:classes] if self.config.balance else None
        loss = F.cross_entropy(logits, mask, weight=weights, reduction="none").mean()
        descend(self.optimizers[0], loss)
        with torch.no_grad():
            seen = logits.argmax(1)
            hit, either = ((seen > 0) & (mask > 0)).sum(), ((seen > 0) | (mask > 0)).sum()
            return {
                "loss": loss.detach(),
                "right": (seen == mask).float().mean(),
                "iou": hit / either.clamp(min=1),
            }

    def _jittered(self, batch: TrainingBatch) -> Tensor:
        """Changes brightness, contrast and the gain of each band, by at most ``jitter``."""
        most = self.config.jitter
        draws = np.stack(
            [
                rng.generator(self.config.seed, "train", batch.first + k, "jitter").uniform(-most, most, 5)
                for k in range(len(batch.image))
            ]
        )
        brightness, contrast, *gains = torch.from_numpy(draws.astype(np.float32)).to(batch.image.device).unbind(1)
        gain = 1 + torch.stack(gains, 1)[:, :, None, None]
        mean = batch.image.mean((1, 2, 3), keepdim=True)
        image = (batch.image - mean) * (1 + contrast)[:, None, None, None] + mean + brightness[:, None, None, None]
        # a gain belongs to intensities from 0 up, not to -1..1
        return ((image + 1) * gain - 1).clamp(-1, 1)

    @torch.inference_mode()
    def show(self, samples: Sequence[Sample], noise: Tensor) -> Rows:
        """I_t, S_t (missed in red), what is seen (falsely in green)."""
        batch = as_batch(samples, noise, self.device)
        seen = self.average.network(batch.image).argmax(1).to(torch.uint8).cpu().numpy()
        return [
            [as_picture(sample.image), *draw_layouts(sample.before, found)]
            for sample, found in zip(samples, seen, strict=True)
        ]
