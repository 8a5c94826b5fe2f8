"""Contextual attention: fills a hole with patches of the known surroundings (Yu et al. 2018, section 4.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.device import autocast

MOST_PATCHES = 64
"""Most patches along a side that are compared with each other: their similarities take the fourth power of it."""


def matching_rate(size: int) -> int:
    """Chooses the side of a patch.

    Args:
        size: Longer side of the feature map.

    Returns:
        2 as published, or the smallest power of two that leaves at most :data:`MOST_PATCHES` patches along a side; so
        memory stays bounded for tiles above 512 pixels.
    """
    rate = 2
    while size > rate * MOST_PATCHES:
        rate *= 2
    return rate


class ContextualAttention(nn.Module):
    """Rebuilds a feature map from its known patches, each place by those that look most like it."""

    def __init__(self, sharpness: float = 10.0) -> None:
        """Makes the layer; it has no parameters.

        Args:
            sharpness: Factor on the similarities before the softmax.
        """
        super().__init__()
        self.sharpness = sharpness

    def forward(self, feature: Tensor, hole: Tensor, rate: int) -> Tensor:
        """Rebuilds a feature map.

        Args:
            feature: [B, C, H, W]; H and W multiples of ``rate``.
            hole: float [B, 1, H, W], 1 where nothing is known.
            rate: Side of a patch, even.

        Returns:
            float32 [B, C, H, W]. Where an image has no patch without a hole, all of its patches count as known.
        """
        with autocast(feature.device, torch.float32):
            return self._rebuild(feature.float(), hole.float(), rate)

    def attend(self, feature: Tensor, hole: Tensor, rate: int) -> Tensor:
        """Computes how much each place takes of each patch.

        A place is compared as it is, a patch normalised: the stronger the feature of a place, the fewer patches it
        mixes. With both normalised, and the propagated scores averaged, hundreds of patches would be blurred together.

        Args:
            feature: float32 [B, C, H, W]; H and W multiples of ``rate``.
            hole: float32 [B, 1, H, W], 1 where nothing is known.
            rate: Side of a patch, even.

        Returns:
            float32 [B, N, N] of places and patches, N = H W / rate^2, each place's shares summing to 1.
        """
        batch, _, height, width = feature.shape
        rows, columns = height // rate, width // rate
        places = F.unfold(F.avg_pool2d(feature, rate), 3, padding=1)
        scores = torch.bmm(places.transpose(1, 2), F.normalize(places, dim=1, eps=1e-4))
        scores = propagate(scores.view(batch, rows, columns, rows, columns)).view_as(scores)
        # a patch with any hole in its neighbourhood has nothing to give
        unknown = F.max_pool2d(F.max_pool2d(hole, rate), 3, 1, 1).flatten(2) > 0
        unknown = unknown & ~unknown.all(2, keepdim=True)
        return (self.sharpness * scores).masked_fill(unknown, float("-inf")).softmax(2)

    def _rebuild(self, feature: Tensor, hole: Tensor, rate: int) -> Tensor:
        attention = self.attend(feature, hole, rate)
        height, width = feature.shape[2:]
        # patches of twice the side overlap, which hides their seams
        values = F.unfold(feature, 2 * rate, padding=rate // 2, stride=rate)
        mixed = torch.bmm(values, attention.transpose(1, 2))
        size = (height, width)
        count = F.fold(torch.ones_like(values[:1, : 4 * rate**2]), size, 2 * rate, padding=rate // 2, stride=rate)
        return F.fold(mixed, size, 2 * rate, padding=rate // 2, stride=rate) / count


def propagate(scores: Tensor) -> Tensor:
    """Attention propagation: neighbours should be filled from neighbours, so their similarities support each other.

    Args:
        scores: [B, rows, columns, rows, columns], of every place with every patch.

    Returns:
        The same, summed along both diagonals (place and patch move together), left to right and then top to bottom:
        up to 9 terms.
    """
    for place, patch in ((2, 4), (1, 3)):
        length = scores.shape[place]
        summed = scores.clone()
        if length > 1:
            late, early = (slice(1, None), slice(0, length - 1))
            for here, there in ((early, late), (late, early)):
                summed[_both(place, patch, here)] += scores[_both(place, patch, there)]
        scores = summed
    return scores


def _both(place: int, patch: int, part: slice) -> tuple[slice, ...]:
    """Indexes two of five dimensions alike."""
    return tuple(part if dimension in (place, patch) else slice(None) for dimension in range(5))
