"""STANet-PAM: features of both dates attend to each other, and change is where they are far apart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.errors import UsageError
from changen_cli.models.backbone import LEVELS, load_backbone, make_backbone, normalise, require_imagenet
from changen_cli.models.detector import Detection, Detector
from changen_cli.models.layers import pad_to_multiple
from changen_cli.models.stanet.attention import NARROWING, PyramidAttention
from changen_cli.options import Ge, Lt, Number, Whole, option, options

BACKBONE = "resnet18"
BLOCKS = (2, 2, 2, 3)
"""Blocks of each stage: a ResNet-18 with one more in the last."""

REGIONS = (1, 2, 4, 8)
"""Regions along each side of the grids of the pyramid attention."""

THRESHOLD = 1.0
"""Distance of features from which a place has changed: half the margin of the contrastive loss."""


@options()
class STANetConfig:
    """Architecture of STANet-PAM; 16,929,024 parameters by default.

    Attributes:
        reduced: Channels that each level of the backbone is reduced to.
        fused: Channels of the first layer that fuses the levels.
        width: Channels of the features that are compared.
        dropout: How often a value between the two layers that fuse is left out in training.
    """

    reduced: Annotated[Whole, Ge(1)] = option(default=96, help="Channels that each level is reduced to.")
    fused: Annotated[Whole, Ge(1)] = option(default=256, help="Channels of the first layer that fuses the levels.")
    width: Annotated[Whole, Ge(NARROWING)] = option(default=64, help="Channels of the features that are compared.")
    dropout: Annotated[Number, Ge(0), Lt(1)] = option(
        default=0.5, help="How often a value between the two layers that fuse is left out in training."
    )

    def __post_init__(self) -> None:
        if self.width % NARROWING:
            raise UsageError(f"width {self.width}: must be a multiple of {NARROWING}")


def reduce(inputs: int, outputs: int, kernel: int = 1) -> nn.Sequential:
    """Makes a convolution without bias, batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class STANet(Detector):
    """Symmetric in time. The logit of change is the distance of the features less :data:`THRESHOLD`.

    It is no less than -1, so a cross-entropy cannot train it; what does is the contrastive loss of its paper. Memory of
    the attention grows with the square of the number of pixels where the device has no kernel that avoids it; the paper
    shows it 256 x 256 pixels at once.
    """

    def __init__(self, config: STANetConfig) -> None:
        """Makes a detector with fresh weights.

        Args:
            config: The architecture.

        Raises:
            WeightsError: If timm is not installed.
        """
        super().__init__()
        self.config = config
        self.backbone, channels = make_backbone(BACKBONE, layers=BLOCKS)
        self.reduce = nn.ModuleList(reduce(c, config.reduced) for c in channels)
        self.fuse = nn.Sequential(
            reduce(len(channels) * config.reduced, config.fused, 3),
            nn.Dropout(config.dropout),
            reduce(config.fused, config.width),
        )
        self.attention = PyramidAttention(config.width, REGIONS)

    def forward(self, before: Tensor, after: Tensor) -> Detection:
        """Detects change; see :class:`~changen_cli.models.detector.Detector`."""
        height, width = before.shape[-2:]
        (both,) = pad_to_multiple(LEVELS[-1], torch.cat([before, after]))
        reduced = [layer(x) for layer, x in zip(self.reduce, self.backbone(normalise(both)), strict=True)]
        size = reduced[0].shape[-2:]
        x = self.fuse(torch.cat([F.interpolate(x, size=size, mode="bilinear") for x in reduced], 1))
        first, second = self.attention(x).float().chunk(2)
        # a root has no gradient at 0, which features of equal images have
        distance = ((first - second).square().sum(1, keepdim=True) + 1e-12).sqrt()
        distance = F.interpolate(distance, scale_factor=float(LEVELS[0]), mode="bilinear")
        return Detection((distance - THRESHOLD)[..., :height, :width])

    def load_imagenet(self, file: Path | None) -> None:
        """Loads the backbone of a ResNet-18; the block that it has not stays fresh."""
        load_backbone(self.backbone, require_imagenet(BACKBONE, file), fresh="layer4.2.")
