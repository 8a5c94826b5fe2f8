"""The pyramid attention of STANet: every place attends to both dates, in all of the image and in parts of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NARROWING = 8
"""By how much queries and keys are narrower than the features."""


class RegionAttention(nn.Module):
    """Attention among all places of both dates that lie in one region of a grid."""

    def __init__(self, width: int, regions: int) -> None:
        """Makes the layers.

        Args:
            width: Channels of the features; a multiple of 8.
            regions: Regions along each side of the image.
        """
        super().__init__()
        self.regions = regions
        self.query = nn.Conv2d(width, width // NARROWING, 1)
        self.key = nn.Conv2d(width, width // NARROWING, 1)
        self.value = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Attends.

        Args:
            x: Features of two dates side by side in the batch, [2 B, width, H, W], the first ones of the first date; H
                and W are multiples of the number of regions.

        Returns:
            As large.
        """
        query, key, value = (self._split(layer(x)) for layer in (self.query, self.key, self.value))
        return self._join(F.scaled_dot_product_attention(query, key, value), x)

    def _split(self, x: Tensor) -> Tensor:
        """Turns [2 B, C, H, W] into [B, regions^2, places of both dates, C]."""
        n, (height, width) = self.regions, x.shape[-2:]
        pairs = torch.stack(x.chunk(2), 1)
        cells = pairs.unflatten(-1, (n, width // n)).unflatten(-3, (n, height // n))  # B, 2, C, n, h, n, w
        regions: Tensor = cells.permute(0, 3, 5, 1, 4, 6, 2).flatten(3, 5).flatten(1, 2)
        return regions

    def _join(self, x: Tensor, like: Tensor) -> Tensor:
        """Undoes :meth:`_split`."""
        n, (height, width) = self.regions, like.shape[-2:]
        cells = x.unflatten(1, (n, n)).unflatten(3, (2, height // n, width // n))  # B, n, n, 2, h, w, C
        image: Tensor = cells.permute(3, 0, 6, 1, 4, 2, 5).reshape(like.shape)
        return image


class PyramidAttention(nn.Module):
    """Attention in grids of several sizes, brought together and added to the features."""

    def __init__(self, width: int, regions: Sequence[int]) -> None:
        """Makes the layers.

        Args:
            width: Channels of the features; a multiple of 8.
            regions: Regions along each side of the image, of each grid.
        """
        super().__init__()
        self.grids = nn.ModuleList(RegionAttention(width, count) for count in regions)
        self.mix = nn.Conv2d(width * len(regions), width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Attends; ``x`` as of :meth:`RegionAttention.forward`, and the result is as large."""
        mixed: Tensor = self.mix(torch.cat([grid(x) for grid in self.grids], 1))
        return x + mixed
