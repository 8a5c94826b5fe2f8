"""A pair to train on, and the mini-batch of them: made by workers, finished on the device, taken apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from changen_cli.synthesis.engine import Job
from changen_cli.types import BoolArray, UInt8Array


@dataclass(frozen=True, slots=True)
class PairSample:
    """One pair of images. Where a pixel is not valid, images and masks are 0.

    Attributes:
        images: I_t and I_t+1, uint8 [2, 3, S, S]; the second is I_t again where it is still to be synthesised.
        change: Where it changed, uint8 [S, S], 0 or 1.
        valid: Where there is image in both, bool [S, S].
        layouts: Where buildings stand in S_t and in S_t+1, uint8 [2, S, S], 0 or 1; None where that is not known.
        job: How I_t+1 is synthesised; None for a pair that has both.
    """

    images: UInt8Array
    change: UInt8Array
    valid: BoolArray
    layouts: UInt8Array | None = None
    job: Job[int] | None = None


@dataclass(frozen=True)
class PairBatch:
    """Pairs, as :class:`~changen_cli.training.data.base.Samples` are. Picklable, so that worker processes can make it.

    Attributes:
        images: uint8 [B, 2, 3, S, S].
        change: uint8 [B, S, S], 0 or 1.
        valid: bool [B, S, S].
        layouts: uint8 [B, 2, S, S], 0 or 1; 0 where they are not known.
        known: Whether the layouts of a pair are known, bool [B].
        jobs: What is to be synthesised, on the host; None for a pair that has both images.
        first: Number of the first pair in the run, from 0. Whatever is drawn for a pair is keyed by its number.
        pixels: What networks take, float32 [B, 2, 3, S, S] in -1..1; None until the batch was finished on its device.
    """

    images: Tensor
    change: Tensor
    valid: Tensor
    layouts: Tensor
    known: Tensor
    jobs: tuple[Job[int] | None, ...]
    first: int = 0
    pixels: Tensor | None = None

    def __len__(self) -> int:
        """Returns the number of pairs, B."""
        return len(self.images)

    def to(self, device: str | torch.device) -> Self:
        """Returns the batch on a device; the host does not wait for the copies of pinned memory."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Self:
        """Returns the batch in pinned memory."""
        return self._each(Tensor.pin_memory)

    def part(self, start: int, stop: int) -> Self:
        """Takes pairs ``start`` to ``stop - 1`` as a batch of their own; they keep their numbers."""
        rows = slice(start, stop)
        cut = self._each(lambda tensor: tensor[rows])
        return replace(cut, jobs=self.jobs[rows], first=self.first + start)

    def parts(self, most: int) -> list[Self]:
        """Divides a batch into such as a device can take one after the other.

        Args:
            most: Most pairs of a part; 0 makes one part of all.

        Returns:
            The parts, in order.
        """
        step = most or len(self)
        if step >= len(self):
            return [self]
        return [self.part(start, min(start + step, len(self))) for start in range(0, len(self), step)]

    @property
    def inputs(self) -> tuple[Tensor, Tensor]:
        """What a detector is called with: both dates, float32 [B, 3, S, S] in -1..1, channels last."""
        assert self.pixels is not None, "a batch is finished on its device before it is learnt from"
        before, after = self.pixels.unbind(1)
        return tuple(x.contiguous(memory_format=torch.channels_last) for x in (before, after))  # type: ignore[return-value]

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        values: dict[str, Any] = {known.name: getattr(self, known.name) for known in fields(self)}
        changed: dict[str, Any] = {n: change(value) for n, value in values.items() if isinstance(value, Tensor)}
        return replace(self, **changed)


def stack_pairs(samples: Sequence[PairSample], first: int = 0) -> PairBatch:
    """Stacks pairs.

    Args:
        samples: The pairs, all of one size.
        first: Number of the first of them in the run.

    Returns:
        The batch, in ordinary memory, not yet finished.
    """
    unknown = np.zeros((2, *samples[0].change.shape), np.uint8)
    layouts = [unknown if sample.layouts is None else sample.layouts for sample in samples]
    return PairBatch(
        images=torch.from_numpy(np.stack([sample.images for sample in samples])),
        change=torch.from_numpy(np.stack([sample.change for sample in samples])),
        valid=torch.from_numpy(np.stack([sample.valid for sample in samples])),
        layouts=torch.from_numpy(np.stack(layouts)),
        known=torch.tensor([sample.layouts is not None for sample in samples]),
        jobs=tuple(sample.job for sample in samples),
        first=first,
    )
