"""The multi-scale patch discriminator of SPADE (Park et al. 2019, appendix A), written from the paper.

SPADE is trained with the hinge loss (:mod:`changen_cli.training.losses`, averaged over the scales), feature matching
(:func:`feature_matching`, weight 10) and a perceptual loss on VGG-19 features (:mod:`changen_cli.models.spade.vgg`,
weight 10), whose weights the user has to bring.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.spectral import spectral_norm
from changen_cli.options import Ge, Le, Number, Whole, option, options

CHANNELS = (64, 128, 256, 512)


@options()
class PatchConfig:
    """Architecture of the discriminator: 5.5 M parameters for two classes.

    Attributes:
        classes: Classes of the masks, background included.
        width: Factor on the published channels.
        scales: Discriminators, each on half the size of the last.
    """

    classes: Annotated[Whole, Ge(2), Le(256)] = option(default=2, help="Classes of the masks, background included.")
    width: Annotated[Number, Ge(1 / 16), Le(4)] = option(default=1.0, help="Factor on the published channels.")
    scales: Annotated[Whole, Ge(1), Le(4)] = option(
        default=2, help="Discriminators, each on half the size of the last."
    )


class PatchDiscriminator(nn.Module):
    """Scores overlapping patches of an image under its label map."""

    def __init__(self, config: PatchConfig) -> None:
        """Makes a discriminator with fresh weights.

        Args:
            config: The architecture.
        """
        super().__init__()
        channels = [max(8, round(c * config.width)) for c in CHANNELS]
        inputs = [3 + config.classes, *channels[:-1]]
        strides = (2,) * (len(channels) - 1) + (1,)
        self.layers = nn.ModuleList(_conv(i, o, s) for i, o, s in zip(inputs, channels, strides, strict=True))
        self.last = _conv(channels[-1], 1, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Gives the feature maps of every layer for [B, 3 + classes, H, W]; the last are scores, real is high."""
        features = []
        for number, layer in enumerate(self.layers):
            x = layer(x)
            x = F.leaky_relu(F.instance_norm(x) if number else x, 0.2)
            features.append(x)
        return [*features, self.last(x).float()]


class MultiScaleDiscriminator(nn.Module):
    """Patch discriminators on the image and on smaller copies of it."""

    def __init__(self, config: PatchConfig) -> None:
        """Makes discriminators with fresh weights.

        Args:
            config: The architecture.
        """
        super().__init__()
        self.config = config
        self.scales = nn.ModuleList(PatchDiscriminator(config) for _ in range(config.scales))

    def forward(self, image: Tensor, condition: Tensor) -> list[list[Tensor]]:
        """Judges image-mask pairs.

        Args:
            image: float [B, 3, H, W] in -1..1, H and W at least 32.
            condition: One-hot mask, float [B, classes, H, W].

        Returns:
            For every scale, finest first, its feature maps; the last of them are the scores, float32 [B, 1, h, w].
        """
        x = torch.cat([image, condition.to(image.dtype)], 1)
        results = []
        for number, scale in enumerate(self.scales):
            if number:
                x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
            results.append(scale(x))
        return results


def feature_matching(fake: Sequence[Sequence[Tensor]], real: Sequence[Sequence[Tensor]]) -> Tensor:
    """Compares what a discriminator sees in synthesised images with what it sees in real ones (Wang et al. 2018).

    Args:
        fake: Feature maps by scale, of the synthesised images; the last of each scale, the scores, do not count.
        real: Those of the real images of the same masks; no gradient passes through them.

    Returns:
        Scalar: the mean absolute difference of each layer, summed over the layers and averaged over the scales.
    """
    scales = [
        torch.stack([F.l1_loss(f.float(), r.detach().float()) for f, r in zip(f_maps[:-1], r_maps[:-1], strict=True)])
        for f_maps, r_maps in zip(fake, real, strict=True)
    ]
    return torch.stack([layers.sum() for layers in scales]).mean()


def _conv(inputs: int, outputs: int, stride: int) -> nn.Module:
    layer = nn.Conv2d(inputs, outputs, 4, stride, 2)
    spectral_norm(layer)
    return layer
