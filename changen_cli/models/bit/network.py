"""BiT: a few tokens of both dates are exchanged, and what they say goes back into the features of each date."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.backbone import load_backbone, make_backbone, normalise, require_imagenet
from changen_cli.models.bit.transformer import Layer, Tokenizer
from changen_cli.models.detector import Detection, Detector
from changen_cli.models.layers import pad_to_multiple
from changen_cli.options import Ge, Whole, option, options

BACKBONE = "resnet18"
STRIDE = 8
"""Of the features; those of stride 16 are made at stride 8."""


@options()
class BiTConfig:
    """Architecture of BiT; 3,036,737 parameters by default.

    The published file has 8,906,728 more, ResNet-18's last stage and classifier, which nothing uses, and a head of two
    classes: 11,943,754.

    Attributes:
        width: Channels of the features and of the tokens.
        tokens: Semantic tokens of each date.
        decoders: Layers of the decoder.
        heads: Heads of each attention.
        encoder_channels: Channels of a head of the encoder.
        decoder_channels: Channels of a head of the decoder.
    """

    width: Annotated[Whole, Ge(4)] = option(default=32, help="Channels of the features and of the tokens.")
    tokens: Annotated[Whole, Ge(1)] = option(default=4, help="Semantic tokens of each date.")
    decoders: Annotated[Whole, Ge(1)] = option(default=8, help="Layers of the decoder.")
    heads: Annotated[Whole, Ge(1)] = option(default=8, help="Heads of each attention.")
    encoder_channels: Annotated[Whole, Ge(1)] = option(default=64, help="Channels of a head of the encoder.")
    decoder_channels: Annotated[Whole, Ge(1)] = option(default=8, help="Channels of a head of the decoder.")


class BiT(Detector):
    """Change is read from the absolute difference of features that know, by the tokens, of the other date."""

    def __init__(self, config: BiTConfig) -> None:
        """Makes a detector with fresh weights.

        Args:
            config: The architecture.

        Raises:
            WeightsError: If timm is not installed.
        """
        super().__init__()
        self.config = config
        width = config.width
        # the stages behind the third are not made: nothing would use them
        self.backbone, (deepest,) = make_backbone(BACKBONE, (16,))
        undilated_stride(self.backbone.get_submodule("layer3"))
        self.project = nn.Conv2d(deepest, width, 3, padding=1)
        self.tokenize = Tokenizer(width, config.tokens)
        self.position = nn.Parameter(torch.randn(1, 2 * config.tokens, width))
        self.encoder = Layer(width, config.heads, config.encoder_channels, 2 * width)
        self.decoder = nn.ModuleList(
            Layer(width, config.heads, config.decoder_channels, 2 * width) for _ in range(config.decoders)
        )
        self.head = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, 1, 3, padding=1),
        )

    def forward(self, before: Tensor, after: Tensor) -> Detection:
        """Detects change; see :class:`~changen_cli.models.detector.Detector`."""
        height, width = before.shape[-2:]
        (both,) = pad_to_multiple(2 * STRIDE, torch.cat([before, after]))
        (deep,) = self.backbone(normalise(both))
        features = self.project(F.interpolate(deep, scale_factor=2.0, mode="nearest"))
        tokens = torch.cat(self.tokenize(features).chunk(2), 1) + self.position
        tokens = torch.cat(self.encoder(tokens).chunk(2, dim=1))  # of the dates one after the other again
        pixels = features.flatten(2).transpose(1, 2)
        for layer in self.decoder:
            pixels = layer(pixels, tokens)
        first, second = pixels.transpose(1, 2).unflatten(-1, features.shape[-2:]).chunk(2)
        difference = F.interpolate((first - second).abs(), scale_factor=STRIDE / 2, mode="bilinear")
        return Detection(self.head(difference).float()[..., :height, :width])

    def load_imagenet(self, file: Path | None) -> None:
        """Loads the backbone; see :class:`~changen_cli.models.detector.Detector`."""
        load_backbone(self.backbone, require_imagenet(BACKBONE, file))


def undilated_stride(stage: nn.Module) -> None:
    """Lets a stage of a ResNet keep the size of its input: the stride is 1, and kernels reach no further for it."""
    for layer in stage.modules():
        if isinstance(layer, nn.Conv2d):
            layer.stride = (1, 1)
