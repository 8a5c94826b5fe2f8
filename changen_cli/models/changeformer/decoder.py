"""The decoder of ChangeFormer: a learnt difference at each level, from the top down, fused and enlarged."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Difference(nn.Module):
    """Two 3x3 convolutions over the features of both dates, with batch normalisation between them."""

    def __init__(self, width: int) -> None:
        """Makes the layers.

        Args:
            width: Channels of the features of each date, and of the result.
        """
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2 * width, width, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.BatchNorm2d(width),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Compares.

        Args:
            x: Features of two dates side by side in the batch, [2 B, width, H, W], the first ones of the first date.

        Returns:
            [B, width, H, W].
        """
        compared: Tensor = self.layers(torch.cat(x.chunk(2), 1))
        return compared


class Residual(nn.Module):
    """Two 3x3 convolutions, a tenth of which is added to their input."""

    def __init__(self, width: int) -> None:
        """Makes the layers.

        Args:
            width: Channels.
        """
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(width, width, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Transforms [B, width, H, W]."""
        transformed: Tensor = x + 0.1 * self.layers(x)
        return transformed


class DifferenceDecoder(nn.Module):
    """From the features of both dates at four strides to one map at the first stride."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        """Makes the layers.

        Args:
            channels: Of the features, the finest first.
            width: Channels of the result, and of all between.
        """
        super().__init__()
        self.embed = nn.ModuleList(nn.Conv2d(c, width, 1) for c in channels)
        self.compare = nn.ModuleList(Difference(width) for _ in channels)
        self.fuse = nn.Sequential(nn.Conv2d(len(channels) * width, width, 1), nn.BatchNorm2d(width))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Decodes.

        Args:
            features: The finest first, both dates side by side in the batch: [2 B, channels, ...].

        Returns:
            [B, width, H, W] of the finest.
        """
        differences: list[Tensor] = []  # the coarsest first
        for feature, embed, compare in zip(features[::-1], self.embed[::-1], self.compare[::-1], strict=True):
            found = compare(embed(feature))
            if differences:
                found = found + F.interpolate(differences[-1], scale_factor=2.0, mode="bilinear")
            differences.append(found)
        size = features[0].shape[-2:]
        fused: Tensor = self.fuse(torch.cat([F.interpolate(x, size=size, mode="bilinear") for x in differences], 1))
        return fused


def enlarger(width: int) -> nn.Sequential:
    """Makes what doubles the size of a map twice: a transposed convolution and a residual block, each time."""
    layers: list[nn.Module] = []
    for _ in range(2):
        layers += [nn.ConvTranspose2d(width, width, 4, stride=2, padding=1), Residual(width)]
    return nn.Sequential(*layers)
