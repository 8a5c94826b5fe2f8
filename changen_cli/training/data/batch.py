"""The mini-batch of training: made of crops, brought to a device, taken apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import torch
from torch import Tensor

from changen_cli.models.batch import Batch
from changen_cli.training.data.crops import Crop

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True)
class TrainingBatch(Batch):
    """What line 2 and 3 of Algorithm 1 sample, and z. Picklable, so that worker processes can make it.

    Attributes:
        valid: Where the scene has data, bool [B, H, W].
        instances: uids of the footprints of S_t and of S_t+1, int32 [B, 2, H, W]; 0 for ground.
        covered: I_t with ground over the objects of S_t that are not, or not there, in S_t+1, uint8 [B, 3, H, W]; None
            where crops are not covered.
        regions: Regions to give looks to, at least 2: the ground, and every uid up to the largest in ``instances``.
        first: Number of the first sample in the run, from 0. Whatever else a learner draws for a sample is keyed by its
            number, so that neither resuming nor sharing a batch between processes changes it.
        counts: Pixels of each class in S_t and in S_t+1 of the whole mini-batch, float32 [2, classes], where this is a
            part of one; None where it is all of it.
    """

    valid: Tensor
    instances: Tensor
    covered: Tensor | None = None
    regions: int = 1
    first: int = 0
    counts: Tensor | None = None

    def part(self, start: int, stop: int) -> Self:
        """Takes samples ``start`` to ``stop - 1`` as a batch of their own; they keep their numbers."""
        rows = slice(start, stop)
        return replace(
            super().part(start, stop),
            valid=self.valid[rows],
            instances=self.instances[rows],
            covered=None if self.covered is None else self.covered[rows],
            first=self.first + start,
        )

    def count_classes(self, classes: int) -> Tensor:
        """Counts the pixels of each class in S_t and in S_t+1.

        Args:
            classes: Number of classes.

        Returns:
            float32 [2, classes].
        """
        # not bincount, which makes the host wait for the device
        return torch.stack(
            [torch.stack([(mask == c).sum() for c in range(classes)]) for mask in (self.before, self.after)]
        ).float()


def make_batch(crops: Sequence[Crop], noise: Tensor, first: int = 0) -> TrainingBatch:
    """Stacks crops.

    Args:
        crops: The crops.
        noise: z of each, float32 [len(crops), noise_dim].
        first: Number of the first of them in the run.

    Returns:
        The batch, in ordinary memory.
    """

    def stack(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(crop, name) for crop in crops]))

    return TrainingBatch(
        image=stack("image"),
        before=stack("before"),
        after=stack("after"),
        noise=noise,
        valid=stack("valid"),
        instances=stack("instances"),
        covered=None if crops[0].covered is None else stack("covered"),
        regions=max(2, *(1 + int(crop.instances.max()) for crop in crops)),
        first=first,
    )


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
    counts = torch.stack([part.count_classes(classes) for part in parts]).sum(0)
    if fabric is not None:
        counts = fabric.all_reduce(counts, reduce_op="sum")  # type: ignore[assignment]
    return [replace(part, counts=counts) for part in parts]
