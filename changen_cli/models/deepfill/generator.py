"""The DeepFillv2 generator (Yu et al. 2019), written from the paper: gated convolutions, coarse to fine."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.deepfill.attention import ContextualAttention, matching_rate
from changen_cli.models.layers import pad_to_multiple
from changen_cli.options import Ge, Le, Number, option, options

STRIDE = 4
"""Stride of the coarsest feature maps."""

DILATIONS = (2, 4, 8, 16)
"""Of the convolutions that look across a hole."""


@options()
class DeepFillConfig:
    """Architecture of the generator: 4.05 M parameters; 4.1 M are published.

    Attributes:
        width: Factor on the published channels, 24, 48 and 96 after gating at strides 1, 2 and 4.
    """

    width: Annotated[Number, Ge(1 / 16), Le(4)] = option(default=1.0, help="Factor on the published channels.")

    @property
    def channels(self) -> tuple[int, int, int]:
        """Channels at strides 1, 2 and 4."""
        fine = max(2, round(24 * self.width))
        return fine, 2 * fine, 4 * fine


class GatedConv(nn.Module):
    """Gated convolution (section 3.1): one half of the channels says how much of the other passes, pixel by pixel.

    So the network learns which pixels are valid, and what that means at depth, instead of being told by a rule.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1, *, relu: bool = False
    ) -> None:
        """Makes the layer.

        Args:
            inputs: Input channels.
            outputs: Channels after gating.
            kernel: Odd kernel size.
            stride: Stride.
            dilation: Dilation.
            relu: ReLU instead of ELU; similarities of features that may be negative are worse to compare.
        """
        super().__init__()
        self.conv = nn.Conv2d(inputs, 2 * outputs, kernel, stride, dilation * (kernel // 2), dilation)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """Transforms [B, inputs, H, W] to [B, outputs, H / stride, W / stride]."""
        value, gate = self.conv(x).chunk(2, 1)
        gated: Tensor = (F.relu(value) if self.relu else F.elu(value)) * torch.sigmoid(gate)
        return gated


class Upsample(nn.Module):
    """Doubles the size; a gated convolution follows."""

    def forward(self, x: Tensor) -> Tensor:
        """Transforms [B, C, H, W] to [B, C, 2H, 2W]."""
        return F.interpolate(x, scale_factor=2.0, mode="nearest")


def _way_down(c1: int, c2: int, outputs: int) -> list[nn.Module]:
    """Down to stride 4 in a branch of the refinement, thinner than in the coarse step."""
    return [
        GatedConv(4, c1, 5),
        GatedConv(c1, c1, stride=2),
        GatedConv(c1, c2),
        GatedConv(c2, outputs, stride=2),
    ]


def _look_across(channels: int) -> list[nn.Module]:
    return [GatedConv(channels, channels, dilation=d) for d in DILATIONS]


def _decoder(inputs: int, c1: int, c2: int, c4: int) -> nn.Sequential:
    """From stride 4 to the image: two convolutions, up, two, up, two, and one without a gate that gives the colours."""
    half = max(1, c1 // 2)
    return nn.Sequential(
        GatedConv(inputs, c4),
        GatedConv(c4, c4),
        Upsample(),
        GatedConv(c4, c2),
        GatedConv(c2, c2),
        Upsample(),
        GatedConv(c2, c1),
        GatedConv(c1, half),
        nn.Conv2d(half, 3, 3, 1, 1),
    )


class DeepFillGenerator(nn.Module):
    """Fills holes in two steps (figure 3): a coarse guess, then a refinement with a branch of contextual attention."""

    def __init__(self, config: DeepFillConfig) -> None:
        """Makes a generator with fresh weights.

        Args:
            config: The architecture.
        """
        super().__init__()
        self.config = config
        c1, c2, c4 = config.channels
        self.coarse = nn.Sequential(
            GatedConv(4, c1, 5),
            GatedConv(c1, c2, stride=2),
            GatedConv(c2, c2),
            GatedConv(c2, c4, stride=2),
            GatedConv(c4, c4),
            GatedConv(c4, c4),
            *_look_across(c4),
            *_decoder(c4, c1, c2, c4),
        )
        self.fine = nn.Sequential(*_way_down(c1, c2, c2), GatedConv(c2, c4), GatedConv(c4, c4), *_look_across(c4))
        self.compare = nn.Sequential(*_way_down(c1, c2, c4), GatedConv(c4, c4), GatedConv(c4, c4, relu=True))
        self.attention = ContextualAttention()
        self.borrow = nn.Sequential(GatedConv(c4, c4), GatedConv(c4, c4))
        self.decode = _decoder(2 * c4, c1, c2, c4)

    def forward(self, image: Tensor, hole: Tensor) -> tuple[Tensor, Tensor]:
        """Fills the holes of images.

        Args:
            image: float [B, 3, H, W] in -1..1; what is under the hole is not looked at. H and W may be any size from 16
                up: they are padded inside by reflection and the results are cropped.
            hole: Where to fill, bool or float [B, 1, H, W].

        Returns:
            The coarse guess and the refined image, both float32 [B, 3, H, W] in -1..1. Outside the hole they are
            guesses too; the caller keeps the pixels it knows.
        """
        height, width = image.shape[-2:]
        hole = hole.to(image.dtype)
        rate = matching_rate(-(-max(height, width) // STRIDE))
        image, hole = pad_to_multiple(STRIDE * rate, image, hole)
        known = image * (1 - hole)
        coarse = torch.tanh(self.coarse(torch.cat([known, hole], 1)).float())
        guess = torch.cat([known + coarse.to(known.dtype) * hole, hole], 1)
        compared = self.attention(self.compare(guess), F.max_pool2d(hole, STRIDE), rate)
        joined = torch.cat([fine := self.fine(guess), self.borrow(compared).to(fine.dtype)], 1)
        refined = torch.tanh(self.decode(joined).float())
        return coarse[..., :height, :width], refined[..., :height, :width]
