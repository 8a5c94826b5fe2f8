"""The light decoder of FarSeg: brings every level of a pyramid to the finest one's size, and takes their mean."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def conv_norm(inputs: int, outputs: int) -> nn.Sequential:
    """Makes a 3x3 convolution without bias, batch normalisation and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def enlarge(factor: int) -> nn.Module:
    """Makes a bilinear enlargement whose corners stay where they are, as the authors' code has it."""
    return nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=True)


class LightDecoder(nn.Module):
    """Level k of a pyramid is convolved and doubled k times; the finest is convolved once and keeps its size."""

    def __init__(self, inputs: int, width: int, levels: int) -> None:
        """Makes the layers.

        Args:
            inputs: Channels of the pyramid.
            width: Channels of the result.
            levels: Levels of the pyramid, the finest first.
        """
        super().__init__()
        branches = [conv_norm(inputs, width)]
        for level in range(1, levels):
            layers: list[nn.Module] = []
            for step in range(level):
                layers += [conv_norm(width if step else inputs, width), enlarge(2)]
            branches.append(nn.Sequential(*layers))
        self.branches = nn.ModuleList(branches)

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """Decodes maps [B, inputs, ...], each half as large as the one before, to [B, width, H, W] of the first."""
        decoded = [branch(feature) for branch, feature in zip(self.branches, pyramid, strict=True)]
        return torch.stack(decoded).mean(0)
