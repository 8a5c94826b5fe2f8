"""What every change detector is: two images in; logits of change and, with a head for them, of both layouts out."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Detection:
    """What a detector makes of a pair of images.

    Attributes:
        change: Logits of change, float [B, 1, H, W].
        layouts: Logits of building in S_t and in S_t+1, float [B, 2, H, W]; None of a network that does not read them.
    """

    change: Tensor
    layouts: Tensor | None = None


class Detector(nn.Module):
    """Base of the networks of all change detectors."""

    @abstractmethod
    def forward(self, before: Tensor, after: Tensor) -> Detection:
        """Detects change.

        Args:
            before: I_t, float [B, 3, H, W] in -1..1; H and W may be any size from 32 up.
            after: I_t+1, as ``before``.

        Returns:
            Logits of the size of the images.
        """
