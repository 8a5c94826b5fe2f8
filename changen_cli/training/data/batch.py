"""The mini-batch of training: made of crops, brought to a device, taken apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from changen_cli.training.data.crops import Crop

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """What line 2 and 3 of Algorithm 1 sample, and z. Picklable, so that worker processes can make it.

    Attributes:
        image: I_t, uint8 [B, 3, H, W].
        before: Classes of S_t, uint8 [B, H, W].
        after: Classes of S_t+1, uint8 [B, H, W].
        noise: z, float32 [B, noise_dim].
        valid: Where the scene has data, bool [B, H, W].
        instances: uids of the footprints of S_t and of S_t+1, int32 [B, 2, H, W]; 0 for ground.
        first: Number of the first sample in the run, from 0. Whatever else a learner draws for a sample is keyed by its
            number, so that neither resuming nor sharing a batch between processes changes it.
        counts: Pixels of each class in S_t and in S_t+1 of the whole mini-batch, float32 [2, classes], where this is a
            part of one; None where it is all of it.
    """

    image: Tensor
    before: Tensor
    after: Tensor
    noise: Tensor
    valid: Tensor
    instances: Tensor
    first: int = 0
    counts: Tensor | None = None

    @property
    def pixels(self) -> Tensor:
        """I_t as networks take it: float32 [B, 3, H, W] in -1..1, channels last."""
        return self.image.float().div_(127.5).sub_(1).contiguous(memory_format=torch.channels_last)

    def __len__(self) -> int:
        """Returns the number of samples."""
        return len(self.image)

    def to(self, device: str | torch.device) -> TrainingBatch:
        """Returns the batch on a device; the host does not wait for the copies of pinned memory."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> TrainingBatch:
        """Returns the batch in pinned memory, as PyTorch's data loader asks of what it does not know."""
        return self._each(Tensor.pin_memory)

    def parts(self, most: int) -> list[TrainingBatch]:
        """Takes the batch apart, for a device that cannot take all of it at once.

        Args:
            most: Most samples of a part; 0 makes one part of all.

        Returns:
            The parts, in order; their samples keep their numbers.
        """
        step = most or len(self)
        return [
            replace(self._each(itemgetter(slice(start, start + step))), first=self.first + start)
            for start in range(0, len(self), step)
        ]

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

    def _each(self, change: Callable[[Tensor], Tensor]) -> TrainingBatch:
        """Returns the batch with every tensor of its samples changed."""
        return replace(
            self,
            image=change(self.image),
            before=change(self.before),
            after=change(self.after),
            noise=change(self.noise),
            valid=change(self.valid),
            instances=change(self.instances),
        )


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
