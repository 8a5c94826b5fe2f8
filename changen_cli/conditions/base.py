"""What a condition is: a rule that changes how an image was taken, and nothing of what it shows.

A condition plugin is a frozen dataclass like an event: its fields are its parameters, its docstring is what
``changen conditions list`` shows. It has two methods. :meth:`Condition.draw` draws, on the host and for one image, the
few numbers that say what happens to it; they are recorded. :meth:`Condition.apply` does that to a batch of images on
whatever device they are; it draws nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Draw: TypeAlias = Mapping[str, float | Sequence[float]]
"""What a condition drew for one image: a finite number, or several, by name; the same names and lengths every time."""

Drawn: TypeAlias = Mapping[str, NDArray[np.float64]]
"""What it drew for B images: float64 [B] by name, or [B, K] where it drew K numbers."""

Record: TypeAlias = Mapping[str, Mapping[str, tuple[float, ...]]]
"""What was done to one image: numbers by name by condition, in the order in which the conditions were applied."""


@runtime_checkable
class Condition(Protocol):
    """The plugin protocol of the entry point group ``changen.conditions``.

    A condition should have a parameter ``strength``, a factor of at least 0 on how far its images are from what they
    were: ``--conditions haze=0.5`` sets it. At 0 it is not applied at all, whatever it would do.
    """

    name: ClassVar[str]

    def draw(self, rng: np.random.Generator, bands: int) -> Draw:
        """Draws what happens to one image.

        Args:
            rng: The only source of randomness, made for this image and this condition alone.
            bands: Bands of the image, C.

        Returns:
            Numbers by name, which are recorded.
        """
        ...

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Does what was drawn.

        What an image becomes must depend on that image and its numbers alone, not on its neighbours in the batch.

        Args:
            images: float32 [B, C, H, W] in 0..1, contiguous, on any device; may be changed in place. Where there is no
                data within 8 pixels of data, it has the colour of its neighbours.
            drawn: What :meth:`draw` gave for each image, on the host.

        Returns:
            float32 [B, C, H, W] on the device of the images; clipped to 0..1 by the caller.
        """
        ...
