"""Images from label maps: the decoder of residual blocks that SPADE and OASIS share.

Written from Park et al. 2019 (section 3, appendix A) and Schoenfeld et al. 2021 (section 3.2, appendix). Both normalise
without parameters, over the batch, and let two convolutions over the label map say scale and shift of every pixel.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.adaptive import ConditionalNorm
from changen_cli.models.layers import conv, group_norm, one_hot, pad_to_multiple, pool_condition
from changen_cli.options import Ge, Le, Number, Whole, option, options

Width = Annotated[Whole, Ge(1), Le(1024)]


@options()
class LabelDecoderConfig:
    """What the configurations of SPADE and OASIS have in common; recorded in the weights card.

    Attributes:
        strides: Stride of each block, coarsest first.
        published: Channels into the first block, then out of every block, in the paper.
        classes: Classes of the masks, background included.
        width: Factor on the published channels.
        hidden: Width inside the spatially-adaptive normalisations, for each block, coarsest first.
        noise_dim: Length of z.
        norm: "batch" as published: statistics of the batch in training, running ones in evaluation, so that a sample
            never depends on its neighbours there (several processes want ``SyncBatchNorm``). "group" as in changen,
            the same in training and evaluation, for batches too small for statistics.
        groups: Most groups of "group".
    """

    strides: ClassVar[tuple[int, ...]]
    published: ClassVar[tuple[int, ...]]

    classes: Annotated[Whole, Ge(2), Le(256)] = option(default=2, help="Classes of the masks, background included.")
    width: Annotated[Number, Ge(1 / 64), Le(4)] = option(default=1.0, help="Factor on the published channels.")
    hidden: tuple[Width, ...] = option(
        default=(128,) * 6, help="Width inside the spatially-adaptive normalisations, for each block, coarsest first."
    )
    noise_dim: Annotated[Whole, Ge(1), Le(4096)] = option(default=64, help="Length of z.")
    norm: Literal["batch", "group"] = option(
        default="batch", help="Statistics of the batch, as published, or of groups."
    )
    groups: Annotated[Whole, Ge(1), Le(4096)] = option(default=32, help='Most groups of "group".')

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels into the first block, then out of every block."""
        return tuple(max(4, round(c * self.width)) for c in self.published)


class SpadeNorm(ConditionalNorm):
    """Spatially-adaptive (de)normalisation: Park et al. 2019, equations (1) to (3); with z as in OASIS."""

    def __init__(self, channels: int, config: LabelDecoderConfig, hidden: int, noise_dim: int) -> None:
        """Makes the layer.

        Args:
            channels: Channels of the feature map that is normalised.
            config: Classes and kind of normalisation.
            hidden: Width of the layer between condition and modulation.
            noise_dim: Length of z; 0 for a condition without noise.
        """
        norm: nn.Module = (
            nn.BatchNorm2d(channels, affine=False)
            if config.norm == "batch"
            else group_norm(channels, config.groups, affine=False)
        )
        super().__init__(norm, channels, config.classes, hidden, noise_dim, spectral=False)


class SpadeBlock(nn.Module):
    """The residual block of SPADE (figure 4 of its paper): the shortcut is normalised as well, where it is learned."""

    def __init__(self, inputs: int, outputs: int, config: LabelDecoderConfig, hidden: int, noise_dim: int) -> None:
        """Makes the block; ``inputs`` and ``outputs`` are channels, the rest as for :class:`SpadeNorm`."""
        super().__init__()
        middle = min(inputs, outputs)
        self.norm0 = SpadeNorm(inputs, config, hidden, noise_dim)
        self.conv0 = conv(inputs, middle, 3)
        self.norm1 = SpadeNorm(middle, config, hidden, noise_dim)
        self.conv1 = conv(middle, outputs, 3)
        learned = inputs != outputs
        self.shortcut_norm = SpadeNorm(inputs, config, hidden, noise_dim) if learned else None
        self.shortcut = conv(inputs, outputs, 1, bias=False) if learned else None

    def forward(self, x: Tensor, condition: Tensor, noise: Tensor) -> Tensor:
        """Transforms [B, inputs, H, W] to [B, outputs, H, W]."""
        skip = x
        if self.shortcut is not None and self.shortcut_norm is not None:
            skip = self.shortcut(self.shortcut_norm(x, condition, noise))
        h = self.conv0(F.leaky_relu(self.norm0(x, condition, noise), 0.2))
        h = self.conv1(F.leaky_relu(self.norm1(h, condition, noise), 0.2))
        result: Tensor = skip + h
        return result


class LabelDecoder(nn.Module):
    """I = G(S, z): from the label map at the coarsest stride to the image, one residual block after the other."""

    def __init__(self, config: LabelDecoderConfig, *, noise_everywhere: bool) -> None:
        """Makes a generator with fresh weights.

        Args:
            config: The architecture.
            noise_everywhere: Whether every normalisation is conditioned on z (OASIS), or only the start (SPADE).
        """
        super().__init__()
        self.config = config
        channels = config.channels
        noise_dim = config.noise_dim if noise_everywhere else 0
        self.first = conv(config.classes, channels[0], 3, spectral=False)
        self.first_noise = nn.Linear(config.noise_dim, channels[0], bias=False)
        self.blocks = nn.ModuleList(
            SpadeBlock(i, o, config, h, noise_dim)
            for i, o, h in zip(channels[:-1], channels[1:], config.hidden, strict=True)
        )
        self.last = conv(channels[-1], 3, 3, spectral=False)

    def forward(self, mask: Tensor, noise: Tensor) -> Tensor:
        """Synthesises images.

        Args:
            mask: S, integer [B, H, W], H and W from 1 up: it is padded inside to a multiple of the coarsest stride by
                reflection (below it by repeating the edge) and the result is cropped.
            noise: z, float [B, noise_dim], standard normal; the same over the whole image.

        Returns:
            float32 [B, 3, H, W] in -1..1.
        """
        height, width = mask.shape[-2:]
        strides = self.config.strides
        (mask,) = pad_to_multiple(strides[0], mask)
        condition = one_hot(mask, self.config.classes)
        levels = {stride: pool_condition(condition, stride) for stride in set(strides)}
        feature = self.first(levels[strides[0]]) + self.first_noise(noise)[:, :, None, None]
        for block, stride, following in zip(self.blocks, strides, (*strides[1:], 1), strict=True):
            feature = block(feature, levels[stride], noise)
            if following != stride:
                feature = F.interpolate(feature, scale_factor=2.0, mode="nearest")
        image = torch.tanh(self.last(F.leaky_relu(feature, 0.2)).float())
        return image[..., :height, :width]
