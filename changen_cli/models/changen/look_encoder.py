"""Reads looks from an image, keeps some of those it read, and draws new ones from them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.layers import conv
from changen_cli.models.look_draws import LookDraws
from changen_cli.models.looks import GROUND, region_colours, region_means

WIDTH = 64
"""Channels of the convolutions."""

SHALLOWEST, DEEPEST = -8.0, 4.0
"""Range of the logarithm of a look's variance; beyond it the exponential says nothing and may overflow."""


@dataclass(frozen=True)
class ReadLooks:
    """Looks as read from an image: a normal distribution for each region.

    Attributes:
        mean: float32 [B, R, D].
        log_variance: float32 [B, R, D].
        seen: Whether the region has a pixel in the image, bool [B, R].
    """

    mean: Tensor
    log_variance: Tensor
    seen: Tensor

    @property
    def deviation(self) -> Tensor:
        """Standard deviations, float32 [B, R, D]."""
        return torch.exp(self.log_variance / 2)


class LookEncoder(nn.Module):
    """A small convolutional network, averaged over each region, and a memory of looks that it has read.

    New looks are drawn from that memory: a look that was read, plus noise of the deviation that it was read with (a
    kernel density). Draws from N(0, 1) would be off, unless a large weight of the Kullback-Leibler divergence takes
    most of what a look says away.

    Attributes:
        kept_mean: Means of looks of the ground and of objects, float32 [2, K, D].
        kept_deviation: Their deviations, float32 [2, K, D].
        kept: How many were ever kept of both, int64 [2]; the oldest give way.
    """

    kept_mean: Tensor
    kept_deviation: Tensor
    kept: Tensor

    def __init__(self, dim: int, memory: int) -> None:
        """Makes the encoder, its memory empty.

        Args:
            dim: Length of a look, D.
            memory: Looks that are kept of the ground, and as many of objects, K.
        """
        super().__init__()
        self.layers = nn.Sequential(
            conv(3, WIDTH // 2, 3, 2, spectral=False),
            nn.LeakyReLU(0.2),
            conv(WIDTH // 2, WIDTH, 3, 2, spectral=False),
            nn.LeakyReLU(0.2),
            conv(WIDTH, WIDTH, 3, spectral=False),
            nn.LeakyReLU(0.2),
        )
        # mean and deviation of the colours at full resolution: what the convolutions say of a small object is its
        # surroundings' too
        self.head = nn.Sequential(nn.Linear(WIDTH + 6, 2 * WIDTH), nn.LeakyReLU(0.2), nn.Linear(2 * WIDTH, 2 * dim))
        self.register_buffer("kept_mean", torch.zeros(2, memory, dim))
        self.register_buffer("kept_deviation", torch.ones(2, memory, dim))
        self.register_buffer("kept", torch.zeros(2, dtype=torch.int64))

    def forward(self, image: Tensor, regions: Tensor, count: int) -> ReadLooks:
        """Reads the look of every region.

        Args:
            image: I_t, float [B, 3, H, W] in -1..1.
            regions: Region of every pixel of S_t, integer [B, H, W], -1 .. ``count`` - 1; -1 where there is no data.
            count: Number of regions, R.

        Returns:
            The looks.
        """
        colours, sizes = region_colours(image, regions, count)
        half = regions[:, ::2, ::2]
        features = F.interpolate(self.layers(image), size=half.shape[1:], mode="nearest")
        averages, _ = region_means(features, half, count)
        looks = self.head(torch.cat([averages, colours], 2)).float()
        centre, log_variance = looks.chunk(2, 2)
        return ReadLooks(centre, log_variance.clamp(SHALLOWEST, DEEPEST), sizes > 0)

    def choose(self, read: ReadLooks, draws: LookDraws, *, sampled: bool = False) -> Tensor:
        """Gives every region a look.

        Args:
            read: What was read from I_t.
            draws: Where each look comes from.
            sampled: Whether looks that were read are drawn from their distribution, as in training; else their mean.

        Returns:
            float32 [B, R, D].
        """
        index = draws.source.clamp(min=0)
        rows = index.unsqueeze(2).expand_as(read.mean)
        taken = read.mean.gather(1, rows)
        if sampled:
            taken = taken + read.deviation.gather(1, rows) * draws.normal
        usable = (draws.source >= 0) & read.seen.gather(1, index)
        return torch.where(usable.unsqueeze(2), taken, self.draw(draws.pick, draws.normal))

    def draw(self, pick: Tensor, normal: Tensor) -> Tensor:
        """Draws a new look for every region: near one that was kept; standard normal where none is kept.

        Args:
            pick: float32 [B, R] in 0..1.
            normal: float32 [B, R, D].

        Returns:
            float32 [B, R, D]; row 0 is a look of the ground, the others are looks of objects.
        """
        kind = (torch.arange(pick.shape[1], device=pick.device) != GROUND).long()
        size = self.kept.clamp(max=self.kept_mean.shape[1])[kind]
        row = torch.minimum((pick * size).long(), (size - 1).clamp(min=0))
        return self.kept_mean[kind, row] + self.kept_deviation[kind, row] * normal

    def drift(self, ground: Tensor, drawn: Tensor, amount: float) -> Tensor:
        """Moves the look of the ground towards another one, so that looks of all dates have the same spread.

        Args:
            ground: Look at the date before, float32 [B, D].
            drawn: A new look, float32 [B, D].
            amount: 0: it stays; 1: it is the new one.

        Returns:
            float32 [B, D].
        """
        if not 0 < amount < 1:
            return drawn if amount else ground
        size = self.kept[GROUND].clamp(max=self.kept_mean.shape[1])
        within = torch.arange(self.kept_mean.shape[1], device=size.device) < size
        centre = (self.kept_mean[GROUND] * within[:, None]).sum(0) / size.clamp(min=1)
        moved: Tensor = centre + math.sqrt(1 - amount**2) * (ground - centre) + amount * (drawn - centre)
        return moved

    @torch.no_grad()
    def keep(self, mean: Tensor, deviation: Tensor, kind: int) -> None:
        """Keeps looks that were read; the oldest give way.

        Args:
            mean: float32 [N, D].
            deviation: float32 [N, D].
            kind: 0 for looks of the ground, 1 for those of objects.
        """
        memory = self.kept_mean.shape[1]
        rows = (self.kept[kind] + torch.arange(len(mean), device=mean.device)) % memory
        self.kept_mean[kind, rows] = mean
        self.kept_deviation[kind, rows] = deviation
        self.kept[kind] += len(mean)
