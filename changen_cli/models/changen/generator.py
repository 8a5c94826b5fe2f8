"""The change generator G of equation (3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.adaptive import AdaptiveResidualBlock, add_noise
from changen_cli.models.changen.encoder import ImageEncoder
from changen_cli.models.changen.look_encoder import LookEncoder
from changen_cli.models.changen.transition import MaskedTransition
from changen_cli.models.layers import conv, grow, one_hot, pad_to_multiple, pool_condition
from changen_cli.models.looks import Looks, pixel_noise, pool_noise
from changen_cli.models.spectral import spectral_norm
from changen_cli.options import Ge, Le, Number, Whole, option, options

STRIDES = (32, 16, 8, 4, 2, 1)
"""Stride of level i = 0 .. 5."""


Width = Annotated[Whole, Ge(1), Le(1024)]


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
        transition_noise: z in the normalisations of the masked transition layers; equation (4) has none.
        adaptive_shortcut: A spatially-adaptive normalisation before the shortcut of a decoder block, as SPADE has it.
        upsampling: How the decoder doubles the size of a feature map. Equation (5) does not say; SPADE and OASIS repeat
            pixels. What is drawn without an image to go by then shows the squares of the coarser pixels.
        looks: Not the paper's: one z for the ground and one for every object in place of one for the image, read from
            images by an encoder or drawn. With it I_t is hidden where S_t or S_t+1 is foreground, and around what is
            removed, before it is encoded; de-styling normalises over what is left; pixels have noise.
        margin: Pixels around what is removed that looks hide: footprints are off by as much.
        memory: Looks of objects, and of the ground, that are kept with the weights to draw new ones from.
    """

    classes: Annotated[Whole, Ge(2), Le(256)] = option(default=2, help="Classes of the masks, background included.")
    width: Annotated[Number, Ge(1 / 16), Le(4)] = option(default=1.0, help="Factor on the channels of the paper.")
    hidden: tuple[Width, Width, Width, Width, Width, Width] = option(
        default=(128,) * 6, help="Width inside the spatially-adaptive normalisations, for each level, coarsest first."
    )
    noise_dim: Annotated[Whole, Ge(1), Le(4096)] = option(default=64, help="Length of z.")
    groups: Annotated[Whole, Ge(1), Le(4096)] = option(default=32, help="Most groups of the group normalisations.")
    destyle: bool = option(default=True, help="De-styling in the masked transition layers (Table 3).")
    masking: bool = option(default=True, help="Masking in the masked transition layers (Table 3).")
    transition_noise: bool = option(
        default=False, help="z in the normalisations of the masked transition layers; equation (4) has none."
    )
    adaptive_shortcut: bool = option(
        default=True, help="A spatially-adaptive normalisation before the shortcut of a decoder block, as in SPADE."
    )
    upsampling: Literal["nearest", "bilinear"] = option(
        default="nearest", help="How the decoder doubles a feature map: nearest, as in SPADE, or bilinear (no squares)."
    )
    looks: bool = option(
        default=False, help="A look for the ground and for each object, in place of one z for the image."
    )
    margin: Annotated[Whole, Ge(0), Le(256)] = option(
        default=3, help="With looks: pixels around what is removed that are hidden."
    )
    memory: Annotated[Whole, Ge(1), Le(1_000_000)] = option(
        default=1024, help="With looks: looks of objects, and of the ground, that are kept to draw new ones from."
    )

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
        shared = {"classes": config.classes, "groups": config.groups}
        self.encoder = ImageEncoder(channels, config.groups, inputs=4 if config.looks else 3)
        self.looks = LookEncoder(config.noise_dim, config.memory) if config.looks else None
        self.first = conv(config.classes, channels[0], 3)
        self.first_noise = nn.Linear(config.noise_dim, channels[0], bias=False)
        spectral_norm(self.first_noise)
        self.transitions = nn.ModuleList(
            MaskedTransition(
                c,
                hidden=h,
                noise_dim=config.noise_dim if config.transition_noise else 0,
                destyle=config.destyle,
                masking=config.masking,
                visible=config.looks,
                **shared,
            )
            for c, h in zip(channels, config.hidden, strict=True)
        )
        self.blocks = nn.ModuleList(
            AdaptiveResidualBlock(
                c,
                out,
                hidden=h,
                noise_dim=config.noise_dim,
                adaptive_shortcut=config.adaptive_shortcut,
                textured=config.looks,
                **shared,
            )
            for c, out, h in zip(channels, (*channels[1:], channels[-1]), config.hidden, strict=True)
        )
        self.last = conv(channels[-1], 3, 3)

    def forward(self, image: Tensor, before: Tensor, after: Tensor, noise: Tensor | Looks) -> Tensor:
        """Synthesises post-event images.

        Args:
            image: I_t, float [B, 3, H, W] in -1..1. H and W may be any size from 16 up: image and layouts are padded
                inside to multiples of 32 by reflection (below 32 by repeating the edge) and the result is cropped.
            before: S_t, integer [B, H, W].
            after: S_t+1, integer [B, H, W].
            noise: z, float [B, noise_dim], standard normal; of a generator with looks a z for each region of S_t+1.

        Returns:
            I_t+1, float [B, 3, H, W] in -1..1.
        """
        height, width = image.shape[-2:]
        # the layouts with the image: a building that the padding mirrors must be hidden there like any other
        if isinstance(noise, Looks):
            image, before, after, regions = pad_to_multiple(STRIDES[0], image, before, after, noise.regions)
            noise = replace(noise, regions=regions)
        else:
            image, before, after = pad_to_multiple(STRIDES[0], image, before, after)
        result = self._synthesize(image, before, after, noise)
        return result[..., :height, :width]

    def _synthesize(self, image: Tensor, before: Tensor, after: Tensor, noise: Tensor | Looks) -> Tensor:
        condition = one_hot(after, self.config.classes)
        hidden = self._hidden(before, after)
        texture = None
        if isinstance(noise, Looks):
            # before the convolutions, which would carry what is hidden to its neighbours
            image = torch.cat([image.masked_fill(hidden, 0), (~hidden).to(image.dtype)], 1)
            height, width = image.shape[-2:]
            texture = pixel_noise(noise.keys, height, width, noise.origins)
        latents = self.encoder(image)
        levels = [_Level(condition, hidden, noise, texture)]
        for _ in STRIDES[1:]:
            levels.append(levels[-1].halved())
        coarsest = levels[-1]
        feature = add_noise(self.first(coarsest.condition), self.first_noise, coarsest.noise)
        for i, level in enumerate(reversed(levels)):
            field = self.transitions[i](latents[i], feature, level.hidden, level.condition, level.noise)  # equation (4)
            feature = self.blocks[i](feature + field, level.condition, level.noise, level.texture)  # equation (5)
            if STRIDES[i] > 1:
                feature = F.interpolate(feature, scale_factor=2.0, mode=self.config.upsampling)
        return torch.tanh(self.last(F.leaky_relu(feature, 0.2)).float())

    def _hidden(self, before: Tensor, after: Tensor) -> Tensor:
        """Tells which pixels of I_t must not be seen: bool [B, 1, H, W]."""
        old = (before > 0).unsqueeze(1)
        if not self.config.looks:
            return old  # footnote 1: where S_t has any class but background
        new = (after > 0).unsqueeze(1)
        return grow(old & ~new, self.config.margin) | old | new


@dataclass(frozen=True)
class _Level:
    """What the layers of one level are told, all at its size; a level is made of the next finer one.

    Attributes:
        condition: S_t+1, one-hot [B, classes, H, W].
        hidden: Where I_t is not to be seen, bool [B, 1, H, W].
        noise: z, or a z for each region.
        texture: Noise of each pixel, [B, 1, H, W]; None without looks.
    """

    condition: Tensor
    hidden: Tensor
    noise: Tensor | Looks
    texture: Tensor | None

    def halved(self) -> _Level:
        return _Level(
            pool_condition(self.condition, 2),
            F.max_pool2d(self.hidden.float(), 2) > 0,
            self.noise.at(2) if isinstance(self.noise, Looks) else self.noise,
            None if self.texture is None else pool_noise(self.texture, 2),
        )
