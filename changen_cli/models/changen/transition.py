"""Masked transition layer M_i of equation (4), with the ablations of Table 3 as switches."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.device import autocast
from changen_cli.models.adaptive import SpatiallyAdaptiveNorm
from changen_cli.models.layers import conv
from changen_cli.models.looks import Looks


class MaskedTransition(nn.Module):
    """Turns pre-event features into a change field, without leaking pre-event foreground.

    De-styling (footnote 2: 1x1 convolution, instance normalisation, leaky ReLU) weakens the pre-event background;
    masking (footnote 1) replaces pre-event foreground by the post-event feature map; a spatially-adaptive
    normalisation conditioned on S_t+1 makes of the result the change field.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        hidden: int,
        noise_dim: int,
        groups: int,
        *,
        destyle: bool,
        masking: bool,
        visible: bool = False,
    ) -> None:
        """Makes the layer.

        Args:
            channels: Channels of f_t,i and f_t+1,i.
            classes: Channels of the condition.
            hidden: Width inside the spatially-adaptive normalisation.
            noise_dim: Length of z; 0, as in equation (4), for a normalisation that z does not modulate.
            groups: Most groups of the group normalisation.
            destyle: False gives Table 3's "w/o De-styling".
            masking: False (and ``destyle`` False) gives Table 3's "w/o De-styling and Masking".
            visible: Whether de-styling normalises over what is not hidden. The instance normalisation of the paper
                goes over the whole map, so two numbers a channel tell of what was there.
        """
        super().__init__()
        self.masking, self.visible = masking, visible
        self.destyle = conv(channels, channels, 1) if destyle else None
        self.norm = SpatiallyAdaptiveNorm(channels, classes, hidden, noise_dim, groups)

    def forward(
        self, before: Tensor, after: Tensor, hidden: Tensor, condition: Tensor, noise: Tensor | Looks
    ) -> Tensor:
        """Computes the change field.

        Args:
            before: f_t,i, [B, C, H, W].
            after: f_t+1,i, [B, C, H, W].
            hidden: Where I_t is not to be seen, bool [B, 1, H, W], pooled by maximum. In the paper where S_t (not
                S_t+1: that would hide what is created and keep what is removed) is foreground.
            condition: S_t+1 at this level, one-hot [B, classes, H, W].
            noise: z, [B, noise_dim], or a z for each region, at this level.

        Returns:
            The change field from t to t + 1, [B, C, H, W].
        """
        if self.destyle is not None:
            styled = self.destyle(before)
            before = F.leaky_relu(_visible_norm(styled, hidden) if self.visible else _instance_norm(styled), 0.2)
        if self.masking:
            before = torch.where(hidden, after, before.to(after.dtype))
        field: Tensor = self.norm(before, condition, noise)
        return field


def _instance_norm(x: Tensor) -> Tensor:
    """Normalises each channel of each sample; a single pixel becomes 0, its deviation from itself (PyTorch refuses)."""
    return F.instance_norm(x) if x.shape[-2] * x.shape[-1] > 1 else torch.zeros_like(x)


def _visible_norm(x: Tensor, hidden: Tensor) -> Tensor:
    """Normalises each channel of each sample by mean and variance of what is not hidden, in float32."""
    # sums over pixels as products of matrices: nothing as large as x is made for them
    pixels = x.permute(0, 2, 3, 1).flatten(1, 2).float()  # [B, H x W, C], in memory as channels-last features are
    visible = (~hidden).float().flatten(2)  # [B, 1, H x W]
    with autocast(x.device, torch.float32):
        share = 1 / visible.sum(2, keepdim=True).clamp(min=1)
        centred = pixels - visible @ pixels * share
        variance = visible @ centred.square() * share
    normalized = (centred * torch.rsqrt(variance + 1e-5)).to(x.dtype)
    maps: Tensor = normalized.unflatten(1, x.shape[2:]).permute(0, 3, 1, 2)
    return maps
