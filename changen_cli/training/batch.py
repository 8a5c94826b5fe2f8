"""A mini-batch, as the learners take it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """What line 2 and 3 of Algorithm 1 sample, and z.

    Attributes:
        image: I_t, float [B, 3, H, W] in -1..1.
        before: S_t, uint8 [B, H, W].
        after: S_t+1, uint8 [B, H, W].
        noise: z, float32 [B, noise_dim].
        first: Number of the first sample in the run, from 0. Whatever else a learner draws for a sample is keyed by its
            number, so that neither resuming nor sharing a batch between processes changes it.
    """

    image: Tensor
    before: Tensor
    after: Tensor
    noise: Tensor
    first: int = 0


def to_device(raw: dict[str, Tensor], device: str, first: int) -> TrainingBatch:
    """Brings a batch of :func:`~changen_cli.training.data.batches` to a device, channels last, bytes as -1..1."""
    image = raw["image"].to(device, non_blocking=True).float().div_(127.5).sub_(1)
    return TrainingBatch(
        image=image.contiguous(memory_format=torch.channels_last),
        before=raw["before"].to(device, non_blocking=True),
        after=raw["after"].to(device, non_blocking=True),
        noise=raw["noise"].to(device, non_blocking=True),
        first=first,
    )
