"""The change generator G of equation (3)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.changen.encoder import ImageEncoder
from changen_cli.models.changen.transition import MaskedTransition
from changen_cli.models.layers import AdaptiveResidualBlock, conv, one_hot, pad_to_multiple, pool_condition
from changen_cli.options import Ge, Le, Number, Whole, option, options

STRIDES = (32, 16, 8, 4, 2, 1)
"""Stride of level i = 0 .. 5."""


Width = Annotated[Whole, Ge(1)]


@options()
class GeneratorConfig:
    """Everything that fixes the architecture; recorded in the weights card.

    Attributes:
        classes: Classes of the masks, background included.
        width: Factor on the 512 / 2^i channels of the paper.
        hidden: Width inside the spatially-adaptive normalisations, for each level, coarsest first.
        noise_dim: Length of z. The paper does not say; 64 as in OASIS.
        groups: Most groups of the group normalisations. The paper does not say.
        destyle: De-styling in the masked transition layers (Table 3).
        masking: Masking in the masked transition layers (Table 3).
    """

    classes: Annotated[Whole, Ge(2)] = option(default=2, help="Classes of the masks, background included.")
    width: Annotated[Number, Ge(1 / 16), Le(4)] = option(default=1.0, help="Factor on the channels of the paper.")
    hidden: tuple[Width, Width, Width, Width, Width, Width] = option(
        default=(128,) * 6, help="Width inside the spatially-adaptive normalisations, for each level, coarsest first."
    )
    noise_dim: Annotated[Whole, Ge(1)] = option(default=64, help="Length of z.")
    groups: Annotated[Whole, Ge(1)] = option(default=32, help="Most groups of the group normalisations.")
    destyle: bool = option(default=True, help="De-styling in the masked transition layers (Table 3).")
    masking: bool = option(default=True, help="Masking in the masked transition layers (Table 3).")

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of f_i, i = 0 .. 5, coarsest first."""
        return tuple(max(4, round(512 * self.width / 2**i)) for i in range(len(STRIDES)))


class ChangenGenerator(nn.Module):
    """I_t+1 = G(S_t+1, I_t, S_t, z): image encoder, masked transition layers, conditional decoder (Figure 3b)."""

    def __init__(self, config: GeneratorConfig) -> None:
        """Makes a generator with fresh weights.

        Args:
            config: The architecture.
        """
        super().__init__()
        self.config = config
        channels = config.channels
        shared = {"classes": config.classes, "noise_dim": config.noise_dim, "groups": config.groups}
        self.encoder = ImageEncoder(channels, config.groups)
        self.first = conv(config.classes, channels[0], 3)
        self.first_noise = nn.Linear(config.noise_dim, channels[0], bias=False)
        self.transitions = nn.ModuleList(
            MaskedTransition(c, hidden=h, destyle=config.destyle, masking=config.masking, **shared)
            for c, h in zip(channels, config.hidden, strict=True)
        )
        self.blocks = nn.ModuleList(
            AdaptiveResidualBlock(c, out, hidden=h, **shared)
            for c, out, h in zip(channels, (*channels[1:], channels[-1]), config.hidden, strict=True)
        )
        self.last = conv(channels[-1], 3, 3)

    def forward(self, image: Tensor, before: Tensor, after: Tensor, noise: Tensor) -> Tensor:
        """Synthesises post-event images.

        Args:
            image: I_t, float [B, 3, H, W] in -1..1. H and W may be any size from 16 up: image and layouts are padded
                inside to multiples of 32 by reflection (below 32 by repeating the edge) and the result is cropped.
            before: S_t, integer [B, H, W].
            after: S_t+1, integer [B, H, W].
            noise: z, float [B, noise_dim], standard normal.

        Returns:
            I_t+1, float [B, 3, H, W] in -1..1.
        """
        height, width = image.shape[-2:]
        # the layouts with the image: a building that the padding mirrors must be hidden there like any other
        image, before, after = pad_to_multiple(STRIDES[0], image, before, after)
        result = self._synthesize(image, before, after, noise)
        return result[..., :height, :width]

    def _synthesize(self, image: Tensor, before: Tensor, after: Tensor, noise: Tensor) -> Tensor:
        classes = self.config.classes
        condition = one_hot(after, classes)
        # where S_t has any class but background
        foreground = (before > 0).unsqueeze(1).float()
        latents = self.encoder(image)
        feature = self.first(pool_condition(condition, STRIDES[0])) + self.first_noise(noise)[:, :, None, None]
        for i, stride in enumerate(STRIDES):
            level = pool_condition(condition, stride)
            hidden_ground = F.max_pool2d(foreground, stride) > 0 if stride > 1 else foreground > 0
            field = self.transitions[i](latents[i], feature, hidden_ground, level, noise)  # equation (4)
            feature = self.blocks[i](feature + field, level, noise)  # equation (5)
            if stride > 1:
                feature = F.interpolate(feature, scale_factor=2.0, mode="nearest")
        return torch.tanh(self.last(F.leaky_relu(feature, 0.2)).float())
