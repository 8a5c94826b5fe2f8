"""What the loop of a training needs to know of its data: where mini-batches come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

import torch


class Samples(Protocol):
    """A mini-batch, or a part of one; picklable, so that worker processes can make it."""

    def __len__(self) -> int:
        """Returns the number of samples."""
        ...

    def to(self, device: str | torch.device) -> Self:
        """Returns the samples on a device."""
        ...

    def pin_memory(self) -> Self:
        """Returns the samples in pinned memory."""
        ...

    def parts(self, most: int) -> Sequence[Self]:
        """Divides the samples into parts of at most ``most``, in order; 0 makes one part of all."""
        ...


Some = TypeVar("Some", bound=Samples)
Shown = TypeVar("Shown")


class BatchSource(Protocol[Some]):
    """Gives the mini-batches of a run. Picklable; processes that prepare batches have one each."""

    def batch(self, iteration: int, size: int, mine: range) -> Some:
        """Makes a mini-batch on the host: a function of its arguments and of the seed alone.

        Args:
            iteration: Number of the iteration, from 0.
            size: Samples of a mini-batch, over all processes.
            mine: Which of them are wanted.

        Returns:
            Those samples; they know their numbers in the run.

        Raises:
            TrainingError: If data cannot be read or used.
        """
        ...

    def prepare(self, batch: Some) -> Some:
        """Does what is done on the device, in the process that trains: what a sample becomes depends on it alone.

        Args:
            batch: From :meth:`batch`, or a part of one, on its device.

        Returns:
            What the learner learns from.

        Raises:
            ChangenError: If it cannot be done.
        """
        ...

    def remarks(self) -> list[str]:
        """Says what the process that trains should tell of its data so far: how fast they were made, what failed."""
        ...


@dataclass(frozen=True, slots=True)
class Sources(Generic[Some, Shown]):
    """The data of a run.

    Attributes:
        train: What is trained on.
        shown: What sheets show: held-out samples, or other ones of the training data where none is held out.
        held_out: What is validated on; None where nothing is held out.
        streamed: Whether data are read as they are drawn, and not held in memory.
    """

    train: BatchSource[Some]
    shown: Shown
    held_out: Shown | None
    streamed: bool
