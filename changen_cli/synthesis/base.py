"""What a synthesizer is: P(I_t+1 | S_t+1, I_t), batched and device-blind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol, Self, runtime_checkable

from torch import Tensor

from changen_cli.events.base import Change
from changen_cli.models import batch
from changen_cli.models.look_draws import LookDraws
from changen_cli.models.looks import Looks


@dataclass(frozen=True)
class Batch(batch.Batch):
    """One step of several samples: the arguments of G in equation (3), all tensors on the synthesizer's device.

    Attributes:
        changes: Per sample the changes from S_t to S_t+1, for synthesizers that work object by object.
        largest_class: Largest value in the masks, told by the engine so that nobody has to wait for the device to
            learn it; None where it is not known.
        looks: Looks of the regions of S_t+1; None for a synthesizer without looks.
    """

    changes: tuple[tuple[Change, ...], ...] = ()
    largest_class: int | None = None
    looks: Looks | None = None

    def part(self, start: int, stop: int) -> Self:
        """Takes samples ``start`` to ``stop - 1``, with their changes, as a batch of their own."""
        looks = None if self.looks is None else self.looks.part(start, stop)
        return replace(super().part(start, stop), changes=self.changes[start:stop], looks=looks)


@dataclass(frozen=True, slots=True)
class SynthesizerSettings:
    """What a synthesizer plugin is made with.

    Attributes:
        weights: Name or path of the weights, or None for the plugin's own default.
        device: A torch device string, already resolved ("cpu", "cuda", "cuda:1").
        precision: "fp32", "bf16" or "fp16", already resolved.
        options: Anything else, by name.
    """

    weights: str | None = None
    device: str = "cpu"
    precision: str = "fp32"
    options: Mapping[str, object] = field(default_factory=dict)


@runtime_checkable
class Synthesizer(Protocol):
    """The plugin protocol of the entry point group ``changen.synthesizers``.

    The entry point names a class (or function) that takes one :class:`SynthesizerSettings` and returns a synthesizer.

    A class may also say, as class attributes:

    - ``shows``, a frozenset of the kinds of change that its images can show, of "create" (new objects), "remove" and
      "alter" (objects that are there before and after). Other events, and other changes, are refused for it. Without
      it, it shows everything.
    - ``cpu_bound``, True where it has no network and leaves cores to the processes that prepare tiles. Without it, it
      is taken to use every core that PyTorch gets.
    - ``local``, True where what it makes differs from I_t around the changes alone. In a whole scene each change is
      then made by itself, in a window around it; what any other makes of windows that overlap is blended.

    An instance may have ``resolution``, the finest and the coarsest imagery that it was made for in metres per pixel;
    imagery outside is then read at the nearer one, unless the user says what to read at.
    """

    name: ClassVar[str]
    noise_dim: int

    def synthesize(self, batch: Batch) -> Tensor:
        """Synthesises one step.

        What a sample becomes must depend on that sample alone, not on its neighbours in the batch.

        Args:
            batch: One step of B samples of one size, any size from 16 x 16 up.

        Returns:
            I_t+1, uint8 [B, 3, H, W], on the device of the batch.

        Raises:
            TileError: If it cannot be done for one of the samples. The engine finds out for which, and that one is
                recorded as failed.
        """
        ...

    def as_manifest(self) -> Mapping[str, object]:
        """Returns what the manifest must say of this synthesizer: weights, SHA-256, licences (JSON values)."""
        ...


@dataclass(frozen=True)
class LookRequest:
    """The looks that a chain of images starts with, all tensors on the synthesizer's device.

    Attributes:
        image: I_0, uint8 [B, 3, H, W].
        regions: Region of every pixel of S_0, int32 [B, H, W]; 0 is the ground, -1 where there is no data.
        draws: Where the look of each region comes from.
    """

    image: Tensor
    regions: Tensor
    draws: LookDraws


@runtime_checkable
class LooksSynthesizer(Synthesizer, Protocol):
    """A synthesizer that gives the ground and every object a look of its own.

    One without these methods still works: the engine gives it z (:attr:`Synthesizer.noise_dim`) instead.

    Attributes:
        look_dim: Length of a look, D; 0 for weights without looks, which get z.
    """

    look_dim: int

    def first_looks(self, request: LookRequest) -> Tensor:
        """Gives every region the look that it has from I_0 on; what a sample gets depends on that sample alone.

        Args:
            request: Where the looks come from.

        Returns:
            float32 [B, R, D].
        """
        ...

    def draw(self, pick: Tensor, normal: Tensor) -> Tensor:
        """Draws new looks.

        Args:
            pick: Chooses what each resembles, float32 [B, R] in 0..1.
            normal: Draws it, float32 [B, R, D].

        Returns:
            float32 [B, R, D]; row 0 is a look of the ground, the others are looks of objects.
        """
        ...

    def drift(self, ground: Tensor, pick: Tensor, normal: Tensor, amount: float) -> Tensor:
        """Moves the look of the ground from one date to the next.

        Args:
            ground: float32 [B, D].
            pick: Chooses what the look that it moves to resembles, float32 [B] in 0..1.
            normal: Draws that look, float32 [B, D].
            amount: 0: it stays; 1: it is drawn anew.

        Returns:
            float32 [B, D].
        """
        ...


def look_dim_of(synthesizer: Synthesizer) -> int:
    """Returns the length of a look; 0 for a synthesizer without looks."""
    return synthesizer.look_dim if isinstance(synthesizer, LooksSynthesizer) else 0


def resolution_of(synthesizer: Synthesizer) -> tuple[float, float] | None:
    """Returns the finest and the coarsest imagery that a synthesizer was made for, metres; None if any will do."""
    found: tuple[float, float] | None = getattr(synthesizer, "resolution", None)
    return found


@runtime_checkable
class Checked(Protocol):
    """What a synthesizer has that knows whether the pixels it computed are numbers, before they became bytes.

    Attributes:
        finite: Of the batch that was made last: whether all pixels of a sample are finite, bool [B], on the device, so
            that nobody waits for it; None before the first.
    """

    finite: Tensor | None

    def say_not_finite(self, name: str) -> str:
        """Says that what was made of a sample is no image, of which weights, and what to do.

        Args:
            name: Which sample, or which part of it.
        """
        ...
