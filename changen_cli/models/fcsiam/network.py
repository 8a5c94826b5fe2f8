"""FC-Siam-Diff: both dates pass one encoder, and a decoder that sees by how much they differ at each level."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.detector import Detection, Detector
from changen_cli.models.layers import pad_to_multiple
from changen_cli.options import Ge, Lt, Number, Whole, option, options

LEVELS = ((1, 2), (2, 2), (4, 3), (8, 3))
"""Width, as a multiple of the first level's, and convolutions of each level, the finest first."""


@options()
class FCSiamDiffConfig:
    """Architecture of FC-Siam-Diff; 1,350,001 parameters by default.

    Attributes:
        width: Channels of the finest level; each coarser one has twice as many.
        dropout: How often a channel is left out in training.
    """

    width: Annotated[Whole, Ge(2)] = option(default=16, help="Channels of the finest level.")
    dropout: Annotated[Number, Ge(0), Lt(1)] = option(default=0.2, help="How often a channel is left out in training.")


def convolutions(channels: list[int], dropout: float) -> nn.Sequential:
    """Makes 3x3 convolutions from each number of channels to the next, each with normalisation, ReLU and dropout."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(channels):
        layers += [
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Dropout2d(dropout),
        ]
    return nn.Sequential(*layers)


class FCSiamDiff(Detector):
    """The decoder sees by how much the dates differ at four levels, and what the second is brought to at a fifth."""

    def __init__(self, config: FCSiamDiffConfig) -> None:
        """Makes a detector with fresh weights.

        Args:
            config: The architecture.
        """
        super().__init__()
        self.config = config
        widths = [factor * config.width for factor, _ in LEVELS]
        self.encoder = nn.ModuleList()
        self.enlarge = nn.ModuleList()
        self.decoder = nn.ModuleList()
        inputs = 3
        for level, (width, (_, depth)) in enumerate(zip(widths, LEVELS, strict=True)):
            self.encoder.append(convolutions([inputs] + depth * [width], config.dropout))
            inputs = width
            self.enlarge.append(nn.ConvTranspose2d(width, width, 3, stride=2, padding=1, output_padding=1))
            # a level ends at the width of the finer one; the head is the last convolution of the finest
            channels = [2 * width, *(depth - 1) * [width]]
            self.decoder.append(convolutions(channels + widths[level - 1 : level], config.dropout))
        self.head = nn.Conv2d(config.width, 1, 3, padding=1)

    def forward(self, before: Tensor, after: Tensor) -> Detection:
        """Detects change; see :class:`~changen_cli.models.detector.Detector`."""
        height, width = before.shape[-2:]
        (x,) = pad_to_multiple(2 ** len(LEVELS), torch.cat([before, after]))
        differences = []
        for convolve in self.encoder:
            x = convolve(x)
            first, second = x.chunk(2)
            differences.append((first - second).abs())
            x = F.max_pool2d(x, 2)
        x = x.chunk(2)[1]  # the decoder starts from what the second date was brought to
        for enlarge, convolve, difference in zip(
            self.enlarge[::-1], self.decoder[::-1], differences[::-1], strict=True
        ):
            x = convolve(torch.cat([enlarge(x), difference], 1))
        return Detection(self.head(x).float()[..., :height, :width])
