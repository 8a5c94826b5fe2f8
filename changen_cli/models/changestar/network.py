"""ChangeStar: a segmentation network for both dates, and a few convolutions that mix what it makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from changen_cli.models.backbone import LEVELS, load_backbone, make_backbone, normalise, require_imagenet
from changen_cli.models.changestar.decoder import LightDecoder, conv_norm, enlarge
from changen_cli.models.changestar.farseg import FarSegNeck
from changen_cli.models.detector import Detection, Detector
from changen_cli.models.layers import pad_to_multiple
from changen_cli.options import Ge, Le, Whole, option, options

NARROW = 16
"""Channels of each of the four convolutions of the first ChangeStar."""


@options()
class ChangeStarConfig:
    """Architecture of ChangeStar(1x96); 16,401,569 parameters by default, 97 more with a head for layouts.

    The ChangeStar of Zheng et al. 2021 is ``mixin="four", width=256``: batch normalisation and ReLU in the pyramid, a
    wider decoder, and change found by four narrow convolutions.

    Attributes:
        backbone: What timm calls the backbone, or "mit_b1".
        pyramid: Channels of the pyramid.
        width: Channels of the decoder and, of one convolution, of what both dates are mixed to: the 96 of 1x96.
        mixin: How the dates are mixed: by one convolution of ``width``, or four of 16 behind a pyramid with norms.
        layouts: Whether there is a head that reads the layout of each date.
    """

    backbone: str = option(default="resnet18", help="What timm calls the backbone, or mit_b1.")
    pyramid: Annotated[Whole, Ge(8), Le(2048)] = option(default=256, help="Channels of the pyramid.")
    width: Annotated[Whole, Ge(4), Le(2048)] = option(default=96, help="Channels of the decoder and of the mixture.")
    mixin: Literal["one", "four"] = option(
        default="one",
        help="What mixes the dates: one convolution (1x96), or four of 16 behind a pyramid with normalisation; "
        "with width 256, the ChangeStar of 2021.",
    )
    layouts: bool = option(default=False, help="Whether a head reads the layout of each date.")


class ChangeStar(Detector):
    """Siamese: both dates pass backbone, neck and decoder with the same weights, as one batch of twice the size."""

    def __init__(self, config: ChangeStarConfig) -> None:
        """Makes a detector with fresh weights.

        Args:
            config: The architecture.

        Raises:
            WeightsError: If timm is not installed.
            UsageError: If timm has no such backbone.
        """
        super().__init__()
        self.config = config
        self.backbone, channels = make_backbone(config.backbone)
        first = config.mixin == "four"
        self.neck = FarSegNeck(channels, config.pyramid, normed=first)
        self.decoder = LightDecoder(config.pyramid, config.width, len(LEVELS))
        self.mixin = four_convolutions(2 * config.width) if first else conv_norm(2 * config.width, config.width)
        last = nn.Conv2d(NARROW, 1, 3, padding=1) if first else nn.Conv2d(config.width, 1, 1)
        self.head = nn.Sequential(last, enlarge(LEVELS[0]))
        if config.layouts:
            self.reader = nn.Sequential(nn.Conv2d(config.width, 1, 1), enlarge(LEVELS[0]))

    def forward(self, before: Tensor, after: Tensor) -> Detection:
        """Detects change; see :class:`~changen_cli.models.detector.Detector`."""
        height, width = before.shape[-2:]
        (both,) = pad_to_multiple(LEVELS[-1], torch.cat([before, after]))
        decoded = self.decoder(self.neck(self.backbone(normalise(both))))
        first, second = decoded.chunk(2)
        change = self.head(self.mixin(torch.cat([first, second], 1))).float()[..., :height, :width]
        if not self.config.layouts:
            return Detection(change)
        read = torch.cat(self.reader(decoded).float().chunk(2), 1)
        return Detection(change, read[..., :height, :width])

    def load_imagenet(self, file: Path | None) -> None:
        """Loads the backbone; see :class:`~changen_cli.models.detector.Detector`."""
        load_backbone(self.backbone, require_imagenet(self.config.backbone, file))


def four_convolutions(inputs: int) -> nn.Sequential:
    """Makes the mixin of the first ChangeStar, whose normalisations follow the activations."""
    layers: list[nn.Module] = []
    for number in range(4):
        layers += [
            nn.Conv2d(NARROW if number else inputs, NARROW, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(NARROW),
        ]
    return nn.Sequential(*layers)
