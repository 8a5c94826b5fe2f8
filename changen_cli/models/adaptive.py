"""Spatially-adaptive normalisation, and the residual block of it that decoders are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.layers import add_bias, conv, group_norm
from changen_cli.models.looks import Looks
from changen_cli.models.spectral import spectral_norm


def add_noise(x: Tensor, layer: nn.Linear, noise: Tensor | Looks) -> Tensor:
    """Adds a linear map of z.

    Args:
        x: [B, C, H, W].
        layer: From the length of z to C.
        noise: z, [B, D], the same over the whole image; or a z for each region of [B, H, W].

    Returns:
        [B, C, H, W], of the precision of ``x``.
    """
    if isinstance(noise, Looks):
        return x + noise.painted(layer).to(x.dtype)
    return add_bias(x, layer(noise))


class ConditionalNorm(nn.Module):
    """A normalisation without parameters of its own, modulated by a label map and z (Park et al. 2019).

    The noise z is constant over the image, so a convolution over [one-hot | z] is a convolution over the one-hot plus a
    bias for each sample. z therefore goes through a linear layer: the same function, away from the zero-padded border,
    without its 64 channels at every level. With looks (:mod:`changen_cli.models.looks`) it is a bias for each region.
    """

    def __init__(
        self, norm: nn.Module, channels: int, classes: int, hidden: int, noise_dim: int, *, spectral: bool
    ) -> None:
        """Makes the layer.

        Args:
            norm: What normalises; it has no parameters.
            channels: Channels of the feature map that is normalised.
            classes: Channels of the condition.
            hidden: Width of the layer between condition and modulation.
            noise_dim: Length of z; 0 for a condition without noise.
            spectral: Whether spectral normalisation is applied to the layer's own weights.
        """
        super().__init__()
        self.norm = norm
        self.shared = conv(classes, hidden, 3, spectral=spectral)
        self.noise = nn.Linear(noise_dim, hidden, bias=False) if noise_dim else None
        if self.noise is not None and spectral:
            spectral_norm(self.noise)
        self.modulation = conv(hidden, 2 * channels, 3, spectral=spectral)

    def forward(self, x: Tensor, condition: Tensor, noise: Tensor | Looks | None) -> Tensor:
        """Normalises a feature map and modulates it by the condition.

        Args:
            x: [B, channels, H, W].
            condition: One-hot mask of the same size, [B, classes, H, W].
            noise: z, [B, noise_dim]; or a z for each region, at this level; not looked at where the layer was made
                without.

        Returns:
            [B, channels, H, W].
        """
        hidden = self.shared(condition)
        if self.noise is not None and noise is not None:
            hidden = add_noise(hidden, self.noise, noise)
        # each half by itself in memory: CPUs go through strided bfloat16 one by one where channels are few
        scale, shift = (
            half.contiguous(memory_format=torch.channels_last) for half in self.modulation(F.relu(hidden)).chunk(2, 1)
        )
        normalized: Tensor = self.norm(x)
        modulated: Tensor = torch.addcmul(shift, normalized.to(scale.dtype), 1 + scale)
        return modulated


class SpatiallyAdaptiveNorm(ConditionalNorm):
    """Spatially-adaptive group normalisation: SPADE on group norm (Wu and He 2018), spectral, section 3.2.2."""

    def __init__(self, channels: int, classes: int, hidden: int, noise_dim: int, groups: int) -> None:
        """Makes the layer; ``groups`` is the most groups of its group normalisation, the rest as its base has it."""
        norm = group_norm(channels, groups, affine=False)
        super().__init__(norm, channels, classes, hidden, noise_dim, spectral=True)


class AdaptiveResidualBlock(nn.Module):
    """Residual block with spatially-adaptive group normalisation: G_i of equation (5), without the upsampling."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        classes: int,
        hidden: int,
        noise_dim: int,
        groups: int,
        *,
        adaptive_shortcut: bool = False,
        textured: bool = False,
    ) -> None:
        """Makes the block.

        Args:
            inputs: Channels that come in.
            outputs: Channels that go out.
            classes: As for :class:`SpatiallyAdaptiveNorm`, like the three that follow.
            hidden: See there.
            noise_dim: See there.
            groups: See there.
            adaptive_shortcut: Whether the shortcut has a spatially-adaptive normalisation of its own, as SPADE's has.
            textured: Whether noise of each pixel is added, by a learned share of each channel.
        """
        super().__init__()
        middle = min(inputs, outputs)
        self.norm0 = SpatiallyAdaptiveNorm(inputs, classes, hidden, noise_dim, groups)
        self.conv0 = conv(inputs, middle, 3)
        self.norm1 = SpatiallyAdaptiveNorm(middle, classes, hidden, noise_dim, groups)
        self.conv1 = conv(middle, outputs, 3)
        self.shortcut = conv(inputs, outputs, 1, bias=False) if inputs != outputs else None
        adapts = adaptive_shortcut and self.shortcut is not None
        self.norm_shortcut = SpatiallyAdaptiveNorm(inputs, classes, hidden, noise_dim, groups) if adapts else None
        self.texture = nn.Parameter(torch.zeros(middle, 1, 1)) if textured else None

    def forward(
        self, x: Tensor, condition: Tensor, noise: Tensor | Looks | None, texture: Tensor | None = None
    ) -> Tensor:
        """Transforms a feature map.

        Args:
            x: [B, inputs, H, W].
            condition: One-hot mask of the same size, [B, classes, H, W].
            noise: As for :class:`ConditionalNorm`.
            texture: Noise of each pixel, [B, 1, H, W]; for a block that was made ``textured``.

        Returns:
            [B, outputs, H, W].
        """
        skip = x if self.norm_shortcut is None else self.norm_shortcut(x, condition, noise)
        skip = skip if self.shortcut is None else self.shortcut(skip)
        h = self.conv0(F.leaky_relu(self.norm0(x, condition, noise), 0.2))
        if self.texture is not None and texture is not None:
            h = torch.addcmul(h, self.texture.to(h.dtype), texture.to(h.dtype))
        h = self.conv1(F.leaky_relu(self.norm1(h, condition, noise), 0.2))
        result: Tensor = skip + h
        return result
