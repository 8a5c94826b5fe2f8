"""The one mini-batch: what networks are called with, in training, in generating and in measuring."""

from __future__ import annotations

from collections.abc import Callable
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
        """Returns the batch on a device; the host does not wait for the copies of pinned memory."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Self:
        """Returns the batch in pinned memory, as PyTorch's data loader asks of what it does not know."""
        return self._each(Tensor.pin_memory)

    def part(self, start: int, stop: int) -> Self:
        """Takes samples ``start`` to ``stop - 1`` as a batch of their own; tensors share their memory."""
        rows = slice(start, stop)
        image, before, after, noise = (x[rows] for x in (self.image, self.before, self.after, self.noise))
        return replace(self, image=image, before=before, after=after, noise=noise)

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

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        values = {known.name: getattr(self, known.name) for known in fields(self)}
        return replace(self, **{name: change(value) for name, value in values.items() if isinstance(value, Tensor)})
