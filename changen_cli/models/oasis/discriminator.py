"""The segmentation discriminator of OASIS (Schoenfeld et al. 2021), written from the paper (section 3.1, appendix)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.layers import conv, conv_averaged, conv_upsampled
from changen_cli.options import Ge, Le, Number, Whole, option, options

DOWN = (128, 128, 256, 256, 512, 512)
UP = (512, 256, 256, 128, 128, 64)


@options()
class DiscriminatorConfig:
    """Architecture of the discriminator.

    Attributes:
        classes: Classes of the masks, background included; there is one output more, for synthesised pixels.
        width: Factor on the published channels.
    """

    classes: Annotated[Whole, Ge(2), Le(256)] = option(default=2, help="Classes of the masks, background included.")
    width: Annotated[Number, Ge(1 / 16), Le(4)] = option(default=1.0, help="Factor on the published channels.")


class ResidualBlock(nn.Module):
    """Residual block, pre-activation, that halves or doubles the size; its shortcut is learned where widths differ."""

    def __init__(self, inputs: int, outputs: int, resize: float, *, first: bool = False) -> None:
        super().__init__()
        self.first, self.resize = first, resize
        middle = outputs
        self.conv0 = conv(inputs, middle, 3)
        self.conv1 = conv(middle, outputs, 3)
        self.shortcut = conv(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        """Transforms [B, inputs, H, W] to [B, outputs, H * resize, W * resize]."""
        h = x if self.first else F.leaky_relu(x, 0.2)
        h = F.leaky_relu(conv_upsampled(self.conv0, h) if self.resize > 1 else self.conv0(h), 0.2)
        h = conv_averaged(self.conv1, h) if self.resize < 1 else self.conv1(h)
        # both ways of resizing commute with a 1x1 convolution, which is cheaper on fewer pixels
        if self.resize < 1:
            x = F.avg_pool2d(x, 2)
        skip = x if self.shortcut is None else self.shortcut(x)
        if self.resize > 1:
            skip = F.interpolate(skip, scale_factor=2.0, mode="nearest")
        return skip + h


class SegmentationDiscriminator(nn.Module):
    """A U-Net that labels every pixel with its class if the image is real, or as synthesised (N + 1 classes)."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        """Makes a discriminator with fresh weights.

        Args:
            config: The architecture.
        """
        super().__init__()
        self.config = config
        down = [max(8, round(c * config.width)) for c in DOWN]
        up = [max(8, round(c * config.width)) for c in UP]
        self.down = nn.ModuleList(
            ResidualBlock(i, o, 0.5, first=n == 0) for n, (i, o) in enumerate(zip([3, *down[:-1]], down, strict=True))
        )
        joined = [down[-1]] + [u + d for u, d in zip(up[:-1], down[-2::-1], strict=True)]
        self.up = nn.ModuleList(ResidualBlock(i, o, 2.0) for i, o in zip(joined, up, strict=True))
        self.last = conv(up[-1], config.classes + 1, 1, spectral=False)

    def forward(self, image: Tensor) -> Tensor:
        """Labels images.

        Args:
            image: float [B, 3, H, W] in -1..1; H and W multiples of 64.

        Returns:
            Logits, float32 [B, classes + 1, H, W]; the last class is "synthesised".
        """
        skips = []
        x = image
        for block in self.down:
            x = block(x)
            skips.append(x)
        x = self.up[0](skips.pop())
        for block in self.up[1:]:
            x = block(torch.cat([x, skips.pop()], 1))
        logits: Tensor = self.last(F.leaky_relu(x, 0.2)).float()
        return logits
