"""Detectors whose logits are distances: the batch-balanced contrastive loss of STANet (Chen and Shi 2020)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from changen_cli.device import autocast
from changen_cli.models.stanet.network import THRESHOLD
from changen_cli.training.data.pairs.batch import PairBatch
from changen_cli.training.learners.base import StepResult
from changen_cli.training.learners.detector import DetectorLearner

MARGIN = 2 * THRESHOLD
"""Distance from which what has changed is no further pushed apart."""


def contrastive_loss(distance: Tensor, change: Tensor, valid: Tensor) -> Tensor:
    """Draws together what is unchanged and pushes apart what changed; both count alike, however many pixels they have.

    Args:
        distance: Of the features of the dates, float [B, H, W], at least 0.
        change: Which pixels changed, [B, H, W], 0 or 1.
        valid: Which pixels are known, bool [B, H, W].

    Returns:
        float []: half the mean distance of what is unchanged and half the mean shortfall to :data:`MARGIN` of what
        changed, over the batch.
    """
    changed, unchanged = ((change > 0) & valid).float(), ((change == 0) & valid).float()
    near = (distance * unchanged).sum() / unchanged.sum().clamp(min=1)
    far = ((MARGIN - distance).clamp(min=0) * changed).sum() / changed.sum().clamp(min=1)
    return (near + far) / 2


class ContrastiveLearner(DetectorLearner):
    """Trains as every detector is trained, with this loss in place of cross-entropy and Dice.

    It is balanced over what of a mini-batch is computed at once.
    """

    columns: ClassVar[tuple[str, ...]] = ("loss", "f1")

    def loss(self, network: nn.Module, batch: PairBatch) -> StepResult:
        """Gives what the detector is to minimise.

        Args:
            network: What to call; it may average gradients over processes.
            batch: A part of the mini-batch, finished.
        """
        with autocast(batch.images.device, self.precision):
            (change,) = network(*batch.inputs)
        logits = change.squeeze(1)
        loss = contrastive_loss(logits + THRESHOLD, batch.change, batch.valid)
        with torch.no_grad():
            found, wanted = (logits > 0) & batch.valid, (batch.change > 0) & batch.valid
            hits = 2 * (found & wanted).sum()
            f1 = hits / (found.sum() + wanted.sum()).clamp(min=1)
        return StepResult(loss, {"loss": loss.detach(), "f1": f1})
