"""The FarSeg neck (Zheng et al. 2020): a feature pyramid, weighed by what each place has to do with the scene."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FeaturePyramid(nn.Module):
    """A feature pyramid (Lin et al. 2017) without bias; by itself without normalisation and activation too."""

    def __init__(self, channels: Sequence[int], width: int, normed: bool = False) -> None:
        """Makes the layers.

        Args:
            channels: Of the backbone's features, the finest first.
            width: Channels of the result.
            normed: Whether batch normalisation and ReLU follow each convolution.
        """
        super().__init__()
        lateral = [nn.Conv2d(c, width, 1, bias=False) for c in channels]
        smooth = [nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in channels]
        for layer in (*lateral, *smooth):
            nn.init.kaiming_uniform_(layer.weight, a=1)
        self.lateral = nn.ModuleList(with_norm(layer) if normed else layer for layer in lateral)
        self.smooth = nn.ModuleList(with_norm(layer) if normed else layer for layer in smooth)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Adds the coarser maps to the finer ones, from the top down; maps [B, width, ...] at the same strides."""
        inner = [layer(feature) for layer, feature in zip(self.lateral, features, strict=True)]
        for place in range(len(inner) - 2, -1, -1):
            inner[place] = inner[place] + F.interpolate(inner[place + 1], size=inner[place].shape[-2:], mode="nearest")
        return [layer(feature) for layer, feature in zip(self.smooth, inner, strict=True)]


def with_norm(layer: nn.Conv2d) -> nn.Sequential:
    """Gives a convolution batch normalisation and ReLU."""
    return nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels), nn.ReLU(inplace=True))


def encoder(width: int) -> nn.Sequential:
    """Makes a pointwise layer with batch normalisation and ReLU."""
    return with_norm(nn.Conv2d(width, width, 1))


class SceneRelation(nn.Module):
    """Weighs every place of a pyramid by its relation to the scene as a whole: the sigmoid of a product."""

    def __init__(self, deepest: int, levels: int, width: int) -> None:
        """Makes the layers.

        Args:
            deepest: Channels of the backbone's coarsest features.
            levels: Levels of the pyramid.
            width: Channels of the pyramid.
        """
        super().__init__()
        self.scene = nn.ModuleList(
            nn.Sequential(nn.Conv2d(deepest, width, 1), nn.ReLU(inplace=True), nn.Conv2d(width, width, 1))
            for _ in range(levels)
        )
        self.content = nn.ModuleList(encoder(width) for _ in range(levels))
        self.encoded = nn.ModuleList(encoder(width) for _ in range(levels))

    def forward(self, deepest: Tensor, pyramid: Sequence[Tensor]) -> list[Tensor]:
        """Weighs a pyramid.

        Args:
            deepest: The backbone's coarsest features, [B, deepest, h, w].
            pyramid: Maps [B, width, ...].

        Returns:
            Maps of the same shapes.
        """
        whole = deepest.mean((2, 3), keepdim=True)
        weighed = []
        for scene, content, encoded, feature in zip(self.scene, self.content, self.encoded, pyramid, strict=True):
            relation = torch.sigmoid((scene(whole) * content(feature)).sum(1, keepdim=True))
            weighed.append(relation * encoded(feature))
        return weighed


class FarSegNeck(nn.Module):
    """Pyramid and relation together."""

    def __init__(self, channels: Sequence[int], width: int, normed: bool = False) -> None:
        """Makes the layers; arguments as of :class:`FeaturePyramid`."""
        super().__init__()
        self.pyramid = FeaturePyramid(channels, width, normed)
        self.relation = SceneRelation(channels[-1], len(channels), width)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Turns the features of a backbone into a weighed pyramid of maps [B, width, ...] at the same strides."""
        weighed: list[Tensor] = self.relation(features[-1], self.pyramid(features))
        return weighed
