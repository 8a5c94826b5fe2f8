"""A mini-batch, as the learners take it, and its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from changen_cli.training.losses import class_counts

if TYPE_CHECKING:
    from lightning_fabric import Fabric


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
        counts: Pixels of each class in S_t and in S_t+1 of the whole mini-batch, float32 [2, classes], where this is a
            part of one; None where it is all of it.
    """

    image: Tensor
    before: Tensor
    after: Tensor
    noise: Tensor
    first: int = 0
    counts: Tensor | None = None

    def __len__(self) -> int:
        """Returns the number of samples."""
        return len(self.image)


def to_device(raw: dict[str, Tensor], device: str | torch.device, first: int) -> TrainingBatch:
    """Brings a batch of the loader to a device, channels last, bytes as -1..1."""
    image = raw["image"].to(device, non_blocking=True).float().div_(127.5).sub_(1)
    return TrainingBatch(
        image=image.contiguous(memory_format=torch.channels_last),
        before=raw["before"].to(device, non_blocking=True),
        after=raw["after"].to(device, non_blocking=True),
        noise=raw["noise"].to(device, non_blocking=True),
        first=first,
    )


def to_parts(raw: dict[str, Tensor], device: str | torch.device, first: int, most: int) -> list[TrainingBatch]:
    """Brings a batch to a device in parts that it can take one after the other.

    Args:
        raw: A batch of :func:`~changen_cli.training.data.loader.batches`.
        device: A torch device.
        first: Number of its first sample in the run.
        most: Most samples of a part; 0 makes one part of all.

    Returns:
        The parts, in order.
    """
    size = len(raw["image"])
    step = most or size
    return [
        to_device({name: tensor[start : start + step] for name, tensor in raw.items()}, device, first + start)
        for start in range(0, size, step)
    ]


def with_counts(parts: Sequence[TrainingBatch], classes: int, fabric: Fabric | None) -> list[TrainingBatch]:
    """Tells every part how frequent the classes are in the whole mini-batch, over all parts and processes.

    A loss that balances classes would otherwise weigh a pixel by whatever part it came in.

    Args:
        parts: What this process has of the mini-batch.
        classes: Number of classes.
        fabric: The processes, which must call this together; None for this one alone.

    Returns:
        The parts with :attr:`TrainingBatch.counts`.
    """
    counts = torch.stack(
        [
            torch.stack([class_counts(masks, classes) for masks in state]).sum(0)
            for state in ([part.before for part in parts], [part.after for part in parts])
        ]
    )
    if fabric is not None:
        counts = fabric.all_reduce(counts, reduce_op="sum")  # type: ignore[assignment]
    return [replace(part, counts=counts) for part in parts]
