"""Looks: one code for the ground and one for every footprint, laid over the pixels of their regions; pixel noise.

The paper draws one z for an image (equation 5), so all roofs of an image look alike. Here z is a table of codes, and a
map of regions says which of them a pixel has. A convolution over a code that is constant over a region is, away from
the region's border, a bias for the pixels of that region; so a code goes through a linear layer, and the result is laid
over its region by a gather: no channels are added, and it costs about what the bias of a single z costs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GROUND = 0
"""Region of all pixels that no footprint covers."""

_32_BITS = 0xFFFFFFFF


@dataclass(frozen=True)
class Looks:
    """What every region of a state looks like.

    Attributes:
        codes: float [B, R, D]; row 0 is the look of the ground, row r that of the object of region r.
        regions: Region of every pixel of S_t+1, integer [B, H, W], values 0 .. R - 1.
        keys: Key of the pixel noise of each sample, int64 [B], not negative.
        origins: Row and column of the first pixel of each sample in the image that it is a window of, int64 [B, 2],
            not negative; None where samples are images of their own.
    """

    codes: Tensor
    regions: Tensor
    keys: Tensor
    origins: Tensor | None = None

    def part(self, start: int, stop: int) -> Looks:
        """Takes samples ``start`` to ``stop - 1``; tensors share their memory."""
        origins = None if self.origins is None else self.origins[start:stop]
        return Looks(self.codes[start:stop], self.regions[start:stop], self.keys[start:stop], origins)

    def at(self, stride: int) -> Looks:
        """Brings the regions to a coarser level; the codes stay."""
        return self if stride == 1 else replace(self, regions=pool_regions(self.regions, stride))

    def painted(self, layer: nn.Linear) -> Tensor:
        """Maps every code linearly, and lays the results over their regions.

        Args:
            layer: From D to C numbers.

        Returns:
            [B, C, H, W], channels last in memory; of the precision that ``layer`` computes in.
        """
        return paint(layer(self.codes), self.regions)


def pool_regions(regions: Tensor, stride: int) -> Tensor:
    """Brings a map of regions to a coarser level by maximum, as class masks are: any object wins over the ground.

    Args:
        regions: Integer [B, H, W], H and W multiples of ``stride``; values below 2^24.
        stride: Divides H and W.

    Returns:
        int64 [B, H / stride, W / stride].
    """
    return F.max_pool2d(regions.unsqueeze(1).float(), stride).squeeze(1).long()


def paint(values: Tensor, regions: Tensor) -> Tensor:
    """Lays a value of each region over its pixels.

    Args:
        values: [B, R, C].
        regions: Integer [B, H, W], values 0 .. R - 1.

    Returns:
        [B, C, H, W], channels last in memory, of the dtype of ``values``.
    """
    batch, count, channels = values.shape
    offsets = torch.arange(batch, device=regions.device).view(-1, 1, 1) * count
    table = values.reshape(batch * count, channels)
    if table.requires_grad:
        # float32: the gradient of a region is a sum over its pixels, which bfloat16 cannot hold
        table = table.float()
    painted = F.embedding(regions.long() + offsets, table).to(values.dtype)
    laid: Tensor = painted.movedim(3, 1)
    return laid


def region_means(x: Tensor, regions: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Averages a map over each region.

    Args:
        x: float [B, C, H, W].
        regions: Integer [B, H, W], values -1 .. ``count`` - 1; pixels of region -1 are left out.
        count: Number of regions, R.

    Returns:
        Means, float32 [B, R, C], 0 for a region without pixels; and the pixels of each region, float32 [B, R].
    """
    batch, channels = x.shape[:2]
    # one more row for each sample takes what is left out
    index = torch.where(regions < 0, count, regions.long())
    index = (index + torch.arange(batch, device=x.device).view(-1, 1, 1) * (count + 1)).flatten()
    pixels = x.permute(0, 2, 3, 1).reshape(-1, channels).float()
    sums = pixels.new_zeros(batch * (count + 1), channels).index_add(0, index, pixels)
    sizes = pixels.new_zeros(batch * (count + 1)).index_add(0, index, pixels.new_ones(len(index)))
    sums, sizes = sums.view(batch, count + 1, channels)[:, :count], sizes.view(batch, count + 1)[:, :count]
    return sums / sizes.clamp(min=1).unsqueeze(2), sizes


def region_colours(image: Tensor, regions: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Says of each region how its colours are spread.

    Args:
        image: float [B, C, H, W].
        regions: Integer [B, H, W], values -1 .. ``count`` - 1; pixels of region -1 are left out.
        count: Number of regions, R.

    Returns:
        Means and standard deviations, float32 [B, R, 2 C], and the pixels of each region, float32 [B, R].
    """
    pixels = image.float()
    means, sizes = region_means(torch.cat([pixels, pixels.square()], 1), regions, count)
    mean, square = means.chunk(2, 2)
    deviation = (square - mean.square()).clamp(min=1e-6).sqrt()
    return torch.cat([mean, deviation], 2), sizes


def pixel_noise(keys: Tensor, height: int, width: int, origins: Tensor | None = None) -> Tensor:
    """Draws nearly normal noise for each pixel, counter based: a function of key, row and column alone.

    Integers are mixed as hash functions do, and the four bytes of the result are added, so every device gives the same
    numbers to the last bit, and none has to be copied to it.

    Args:
        keys: int64 [B], not negative.
        height: Rows.
        width: Columns.
        origins: Row and column of the first pixel of each sample, int64 [B, 2], not negative; None for 0, 0. Windows
            of one image then have the same noise where they overlap; pooled (:func:`pool_noise`) too, where they begin
            at multiples of the stride.

    Returns:
        float32 [B, 1, height, width], mean 0, deviation 1, within -3.5..3.5.
    """
    if origins is None:
        origins = keys.new_zeros(1, 2)
    rows = (torch.arange(height, device=keys.device) + origins[:, :1]) * 0x9E3779B1 & _32_BITS
    columns = (torch.arange(width, device=keys.device) + origins[:, 1:]) * 0x85EBCA77 & _32_BITS
    mixed = _mix(_mix(keys & _32_BITS) ^ (keys >> 32 & _32_BITS))
    mixed = _mix(mixed[:, None] ^ rows)
    mixed = _mix(mixed[:, :, None] ^ columns[:, None])
    total = (mixed & 255) + (mixed >> 8 & 255) + (mixed >> 16 & 255) + (mixed >> 24)
    # a byte has mean 127.5 and variance (256^2 - 1) / 12
    noise: Tensor = (total - 510).float() / math.sqrt(4 * (256**2 - 1) / 12)
    return noise.unsqueeze(1)


def _mix(x: Tensor) -> Tensor:
    """Mixes 32-bit integers, held as int64, so that every bit depends on every other."""
    x = (x ^ (x >> 16)) * 0x21F0AAAD & _32_BITS
    x = (x ^ (x >> 15)) * 0x735A2D97 & _32_BITS
    mixed: Tensor = x ^ (x >> 15)
    return mixed


def pool_noise(noise: Tensor, stride: int) -> Tensor:
    """Brings pixel noise [B, 1, H, W] to a coarser level, where it again has a deviation of 1."""
    return noise if stride == 1 else F.avg_pool2d(noise, stride) * stride
