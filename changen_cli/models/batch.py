"""The one mini-batch: what networks are called with, in training, in generating and in measuring."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from changen_cli.models.units import to_pixels


@dataclass(frozen=True)
class Batch:
    """One step of B samples: the arguments of G in equation (3), all tensors on one device.

    Extensions add fields; they override :meth:`part` where a field has something for each sample.

    Attributes:
        image: I_t, uint8 [B, 3, H, W].
        before: S_t, class mask, uint8 [B, H, W].
        after: S_t+1, class mask, uint8 [B, H, W].
        noise: z, float32 [B, D], standard normal; the same over the whole image. D may be 0.
    """

    image: Tensor
    before: Tensor
    after: Tensor
    noise: Tensor

    def __len__(self) -> int:
        """Returns the number of samples, B."""
        return len(self.image)

    @cached_property
    def pixels(self) -> Tensor:
        """I_t as networks take it, float32 [B, 3, H, W] in -1..1, channels last; not to be changed in place."""
        return to_pixels(self.image)

    def to(self, device: str | torch.device) -> Self:
        """Brings every tensor to a device; from pinned memory the host does not wait for it."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        tensors = {name: value for name, value in values.items() if isinstance(value, Tensor)}
        return replace(self, **{name: tensor.to(device, non_blocking=True) for name, tensor in tensors.items()})

    def part(self, start: int, stop: int) -> Self:
        """Takes samples ``start`` to ``stop - 1`` as a batch of their own; tensors share their memory."""
        rows = slice(start, stop)
        return replace(
            self, image=self.image[rows], before=self.before[rows], after=self.after[rows], noise=self.noise[rows]
        )

    def parts(self, most: int) -> list[Self]:
        """Divides a batch into such as a device can take one after the other.

        Args:
            most: Most samples of a part; 0 makes one part of all.

        Returns:
            The parts, in order.
        """
        size = len(self)
        step = most or size
        if step >= size:
            return [self]
        return [self.part(start, min(start + step, size)) for start in range(0, size, step)]
