"""What every change detector is: two images in; logits of change and, with a head for them, of both layouts out."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from changen_cli.errors import WeightsError

LEARNER = "changen_cli.training.learners.detector:DetectorLearner"
"""What trains a detector, for its record."""

OPTIONS = "changen_cli.training.config.detection:DetectionConfig"
"""The arguments of that training, for its record."""


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

    def load_imagenet(self, file: Path | None) -> None:
        """Gives the backbone weights that were trained on ImageNet.

        Args:
            file: Where they are; None for what a package ships.

        Raises:
            WeightsError: If there are none for this network, or the file cannot be used.
        """
        place = "no package ships" if file is None else f"{file} is of no use, since there are no"
        raise WeightsError(f"{type(self).__name__}: {place} ImageNet weights for it; use --init none")
