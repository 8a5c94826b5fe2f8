"""CDNet: both dates pass a ResNet, and the decoder of a U-Net sees by how much they differ at five strides."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.errors import UsageError
from changen_cli.models.backbone import load_backbone, make_backbone, normalise, require_imagenet
from changen_cli.models.detector import Detection, Detector
from changen_cli.models.layers import pad_to_multiple
from changen_cli.options import Whole, option, options

STRIDES = (2, 4, 8, 16, 32)
"""Strides of the features that are compared."""


@options()
class CDNetConfig:
    """Architecture of CDNet; 14,328,209 parameters by default.

    Attributes:
        backbone: What timm calls the backbone; it must have features at stride 2.
        widths: Channels of the decoder at strides 16, 8, 4, 2 and 1.
    """

    backbone: str = option(default="resnet18", help="What timm calls the backbone.")
    widths: tuple[Whole, ...] = option(
        default=(256, 128, 64, 32, 16), help="Channels of the decoder at strides 16, 8, 4, 2 and 1."
    )

    def __post_init__(self) -> None:
        if len(self.widths) != len(STRIDES) or min(self.widths) < 1:
            raise UsageError(f"widths {list(self.widths)}: give {len(STRIDES)} numbers of channels, each at least 1")


def two_convolutions(inputs: int, outputs: int) -> nn.Sequential:
    """Makes two 3x3 convolutions without bias, each with batch normalisation and ReLU."""
    layers: list[nn.Module] = []
    for number in range(2):
        layers += [
            nn.Conv2d(outputs if number else inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


class CDNet(Detector):
    """Symmetric in time: all that the decoder sees is the absolute difference of features."""

    def __init__(self, config: CDNetConfig) -> None:
        """Makes a detector with fresh weights.

        Args:
            config: The architecture.

        Raises:
            WeightsError: If timm is not installed.
            UsageError: If timm has no such backbone, or it has no features at these strides.
        """
        super().__init__()
        self.config = config
        self.backbone, channels = make_backbone(config.backbone, STRIDES)
        inputs = channels[-1]
        self.decoder = nn.ModuleList()
        for skipped, width in zip((*channels[-2::-1], 0), config.widths, strict=True):
            self.decoder.append(two_convolutions(inputs + skipped, width))
            inputs = width
        self.head = nn.Conv2d(inputs, 1, 3, padding=1)

    def forward(self, before: Tensor, after: Tensor) -> Detection:
        """Detects change; see :class:`~changen_cli.models.detector.Detector`."""
        height, width = before.shape[-2:]
        (both,) = pad_to_multiple(STRIDES[-1], torch.cat([before, after]))
        halves = [feature.chunk(2) for feature in self.backbone(normalise(both))]
        x, *finer = [(second - first).abs() for first, second in halves[::-1]]
        for convolve, difference in zip(self.decoder, (*finer, None), strict=True):
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = convolve(x if difference is None else torch.cat([x, difference], 1))
        return Detection(self.head(x).float()[..., :height, :width])

    def load_imagenet(self, file: Path | None) -> None:
        """Loads the backbone; see :class:`~changen_cli.models.detector.Detector`."""
        load_backbone(self.backbone, require_imagenet(self.config.backbone, file))
