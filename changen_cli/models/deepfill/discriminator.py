"""SN-PatchGAN, the discriminator of DeepFillv2 (Yu et al. 2019, section 3.2), written from the paper."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.layers import conv
from changen_cli.options import Ge, Le, Number, option, options

CHANNELS = (64, 128, 256, 256, 256, 256)


@options()
class HoleDiscriminatorConfig:
    """Architecture of the discriminator.

    Attributes:
        width: Factor on the published channels.
    """

    width: Annotated[Number, Ge(1 / 16), Le(4)] = option(default=1.0, help="Factor on the published channels.")


class HoleDiscriminator(nn.Module):
    """Scores every element of its last feature map, so holes of any shape, anywhere, are judged by one network.

    Trained with the hinge loss (:mod:`changen_cli.training.losses`) over all elements.
    """

    def __init__(self, config: HoleDiscriminatorConfig) -> None:
        """Makes a discriminator with fresh weights.

        Args:
            config: The architecture.
        """
        super().__init__()
        self.config = config
        channels = [max(8, round(c * config.width)) for c in CHANNELS]
        self.layers = nn.ModuleList(conv(i, o, 5, 2) for i, o in zip([4, *channels[:-1]], channels, strict=True))

    def forward(self, image: Tensor, hole: Tensor) -> Tensor:
        """Scores images whose holes are filled.

        Args:
            image: float [B, 3, H, W] in -1..1: real, or filled where ``hole`` is.
            hole: bool or float [B, 1, H, W].

        Returns:
            Scores, float32 [B, C, H / 64, W / 64] (rounded up); real is high.
        """
        x = torch.cat([image, hole.to(image.dtype)], 1)
        for layer in self.layers[:-1]:
            x = F.leaky_relu(layer(x), 0.2)
        scores: Tensor = self.layers[-1](x).float()
        return scores
