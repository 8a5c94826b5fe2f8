"""A small U-Net (Ronneberger et al. 2015) that labels every pixel of an image."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.layers import conv, group_norm, pad_to_multiple
from changen_cli.options import Ge, Le, Number, Whole, option, options

CHANNELS = (24, 48, 96, 192)
"""Channels at strides 1, 2, 4 and 8."""


@options()
class SegmenterConfig:
    """Architecture of the segmenter: 1.1 M parameters, enough to find buildings and little enough to train on a CPU.

    Attributes:
        classes: Classes of the masks, background included.
        width: Factor on :data:`CHANNELS`.
        groups: Most groups of the group normalisations.
    """

    classes: Annotated[Whole, Ge(2), Le(256)] = option(default=2, help="Classes of the masks, background included.")
    width: Annotated[Number, Ge(1 / 8), Le(8)] = option(default=1.0, help="Factor on 24, 48, 96 and 192 channels.")
    groups: Annotated[Whole, Ge(1), Le(4096)] = option(default=8, help="Most groups of the group normalisations.")

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels at strides 1, 2, 4 and 8."""
        return tuple(max(4, round(c * self.width)) for c in CHANNELS)


class DoubleConv(nn.Module):
    """Two convolutions, each with group normalisation, which needs no batch, and ReLU."""

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        self.conv0 = conv(inputs, outputs, 3, bias=False, spectral=False)
        self.norm0 = group_norm(outputs, groups, affine=True)
        self.conv1 = conv(outputs, outputs, 3, bias=False, spectral=False)
        self.norm1 = group_norm(outputs, groups, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        """Transforms [B, inputs, H, W] to [B, outputs, H, W]."""
        h = F.relu(self.norm0(self.conv0(x)))
        return F.relu(self.norm1(self.conv1(h)))


class Segmenter(nn.Module):
    """P(S_t | I_t), pixel by pixel."""

    def __init__(self, config: SegmenterConfig) -> None:
        """Makes a segmenter with fresh weights.

        Args:
            config: The architecture.
        """
        super().__init__()
        self.config = config
        channels, groups = config.channels, config.groups
        self.down = nn.ModuleList(DoubleConv(i, o, groups) for i, o in zip((3, *channels[:-1]), channels, strict=True))
        coarse_to_fine = channels[::-1]
        self.up = nn.ModuleList(DoubleConv(c + f, f, groups) for c, f in pairwise(coarse_to_fine))
        self.last = conv(channels[0], config.classes, 1, spectral=False)

    def forward(self, image: Tensor) -> Tensor:
        """Labels images.

        Args:
            image: float [B, 3, H, W] in -1..1, any size: padded inside by reflection, the result cropped.

        Returns:
            Logits, float32 [B, classes, H, W].
        """
        height, width = image.shape[-2:]
        (x,) = pad_to_multiple(2 ** (len(self.down) - 1), image)
        skips: list[Tensor] = []
        for number, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if number else x)
            skips.append(x)
        x = skips.pop()
        for block in self.up:
            up = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = block(torch.cat([up, skips.pop().to(up.dtype)], 1))
        logits: Tensor = self.last(x).float()
        return logits[..., :height, :width]
