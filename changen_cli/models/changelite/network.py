"""ChangeLite: EfficientNet-Lite0 and a small decoder read each date, and a small head compares what they read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.errors import UsageError
from changen_cli.models.backbone import LEVELS, load_backbone, make_backbone
from changen_cli.models.detector import Detection, Detector
from changen_cli.models.layers import conv, group_norm, pad_to_multiple
from changen_cli.models.projected.features import load_lite0
from changen_cli.options import Ge, Le, Whole, option, options

BACKBONE = "tf_efficientnet_lite0"


@options()
class ChangeLiteConfig:
    """Architecture of ChangeLite.

    Attributes:
        width: Channels of the decoder and of the head.
        groups: Most groups of the group normalisations.
        layouts: Whether there is a head that reads the layout of each date.
        compares: Whether the features of both dates are compared; without, change is where the layouts that it reads
            differ: post-classification.
        norm: Statistics of batch normalisation in the backbone: those that its weights came with, or of each batch.
    """

    width: Annotated[Whole, Ge(4), Le(2048)] = option(default=64, help="Channels of the decoder and of the head.")
    groups: Annotated[Whole, Ge(1), Le(4096)] = option(default=8, help="Most groups of the group normalisations.")
    layouts: bool = option(default=True, help="Whether a head reads the layout of each date.")
    compares: bool = option(
        default=True,
        help="Whether features of both dates are compared; false: change is where their layouts differ, as in "
        "post-classification.",
    )
    norm: Literal["frozen", "batch"] = option(
        default="frozen",
        help="Statistics of batch normalisation in the backbone: frozen (ImageNet's; small batches and several CPU "
        "processes are then no matter), or of each batch.",
    )

    def __post_init__(self) -> None:
        if not (self.layouts or self.compares):
            raise UsageError("compares: false: then change is where layouts differ; set layouts: true, too")


class ConvNorm(nn.Module):
    """A 3x3 convolution, group normalisation, which needs no batch, and ReLU."""

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        self.conv = conv(inputs, outputs, 3, bias=False, spectral=False)
        self.norm = group_norm(outputs, groups, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        """Transforms [B, inputs, H, W] to [B, outputs, H, W]."""
        return F.relu(self.norm(self.conv(x)))


class Decoder(nn.Module):
    """Brings features of all strides together at the finest, from the top down."""

    def __init__(self, channels: Sequence[int], width: int, groups: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(conv(c, width, 1, spectral=False) for c in channels)
        self.mix = nn.ModuleList(ConvNorm(width, width, groups) for _ in channels)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Decodes maps, the finest first, to [B, width, H, W] of the first."""
        x: Tensor | None = None
        for feature, lateral, mix in zip(features[::-1], self.lateral[::-1], self.mix[::-1], strict=True):
            y = lateral(feature)
            if x is not None:
                y = y + F.interpolate(x.float(), size=y.shape[-2:], mode="bilinear").to(y.dtype)
            x = mix(y)
        assert x is not None, "a backbone has features"
        return x


class ChangeLite(Detector):
    """Siamese, and symmetric but for the order of the dates: both are read with the same weights.

    With a head that reads the layouts, the logit of change is that of "building at one date alone", as in
    post-classification, plus what the comparison of the features adds: it starts from what a segmenter knows, and
    learns from pairs what a segmenter cannot: shadows, light, season, misregistration.
    """

    def __init__(self, config: ChangeLiteConfig) -> None:
        """Makes a detector with fresh weights.

        Args:
            config: The architecture.

        Raises:
            WeightsError: If timm is not installed.
        """
        super().__init__()
        self.config = config
        self.backbone, channels = make_backbone(BACKBONE)
        self.decoder = Decoder(channels, config.width, config.groups)
        if config.compares:
            self.compare = nn.Sequential(
                ConvNorm(3 * config.width, config.width, config.groups),
                ConvNorm(config.width, config.width, config.groups),
                conv(config.width, 1, 1, spectral=False),
            )
        if config.layouts:
            self.reader = conv(config.width, 1, 1, spectral=False)
        self.train()

    def train(self, mode: bool = True) -> ChangeLite:
        """Sets the mode; with frozen statistics batch normalisation stays in evaluation mode."""
        super().train(mode)
        if self.config.norm == "frozen":
            for layer in self.backbone.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.eval()
        return self

    def forward(self, before: Tensor, after: Tensor) -> Detection:
        """Detects change; see :class:`~changen_cli.models.detector.Detector`."""
        height, width = before.shape[-2:]
        # -1..1 is what EfficientNet-Lite0 was trained with
        (both,) = pad_to_multiple(LEVELS[-1], torch.cat([before, after]))
        decoded = self.decoder(self.backbone(both))
        change = decoded.new_zeros((), dtype=torch.float32)
        if self.config.compares:
            first, second = decoded.chunk(2)
            change = self.compare(torch.cat([first, second, (first - second).abs()], 1)).float()
        if not self.config.layouts:
            return Detection(_enlarged(change)[..., :height, :width])
        read = torch.cat(self.reader(decoded).chunk(2), 1)
        change = change + exclusive_logit(read.float())
        return Detection(_enlarged(change)[..., :height, :width], _enlarged(read)[..., :height, :width])

    def load_imagenet(self, file: Path | None) -> None:
        """Loads the backbone, by default from the package that the frozen features come from."""
        if file is None:
            load_lite0(self.backbone)
        else:
            load_backbone(self.backbone, file)


def exclusive_logit(read: Tensor) -> Tensor:
    """Gives the logit of "one of two, not both", of two that are independent.

    Args:
        read: Their logits, float [B, 2, H, W].

    Returns:
        float [B, 1, H, W]: log((p q' + p' q) / (p q + p' q')), finite for any finite logits.
    """
    first, second = read.unbind(1)
    both, neither = first + second, torch.zeros_like(first)
    return (torch.logaddexp(first, second) - torch.logaddexp(both, neither)).unsqueeze(1)


def _enlarged(logits: Tensor) -> Tensor:
    return F.interpolate(logits.float(), scale_factor=float(LEVELS[0]), mode="bilinear")
