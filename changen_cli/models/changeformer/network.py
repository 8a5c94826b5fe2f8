"""ChangeFormer: a mix transformer reads both dates, and a decoder learns where they differ."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn

from changen_cli.errors import UsageError
from changen_cli.models.backbone import LEVELS
from changen_cli.models.changeformer.decoder import DifferenceDecoder, enlarger
from changen_cli.models.detector import Detection, Detector
from changen_cli.models.layers import pad_to_multiple
from changen_cli.models.mit import MixShape, make_mix_transformer
from changen_cli.options import Ge, Lt, Number, Whole, option, options

HEADS = (1, 2, 4, 8)
"""Heads of the attention of each stage."""

PATCH = 7
"""Kernel of the convolutions between the stages, which in SegFormer is 3."""


@options()
class ChangeFormerConfig:
    """Architecture of ChangeFormer, the sixth of its versions; 41,005,761 parameters by default.

    The published file has 20,913 more: heads at four strides, which nothing uses, and a second class.

    Attributes:
        channels: Of the stages of the encoder, each a multiple of its number of heads: 1, 2, 4, 8.
        depths: Blocks of each stage.
        width: Channels of the decoder.
        drop_path: How often the deepest block is passed over in training.
    """

    channels: tuple[Whole, ...] = option(default=(64, 128, 320, 512), help="Channels of the stages of the encoder.")
    depths: tuple[Whole, ...] = option(default=(3, 3, 4, 3), help="Blocks of each stage.")
    width: Annotated[Whole, Ge(4)] = option(default=256, help="Channels of the decoder.")
    drop_path: Annotated[Number, Ge(0), Lt(1)] = option(
        default=0.1, help="How often the deepest block is passed over in training."
    )

    def __post_init__(self) -> None:
        for name, values in (("channels", self.channels), ("depths", self.depths)):
            if len(values) != len(HEADS) or min(values) < 1:
                raise UsageError(f"{name} {list(values)}: give {len(HEADS)} numbers, each at least 1")
        if any(width % heads for width, heads in zip(self.channels, HEADS, strict=True)):
            raise UsageError(f"channels {list(self.channels)}: must be multiples of {', '.join(map(str, HEADS))}")


class ChangeFormer(Detector):
    """Siamese; the order of the dates matters, since differences are learnt."""

    def __init__(self, config: ChangeFormerConfig) -> None:
        """Makes a detector with fresh weights.

        Args:
            config: The architecture.

        Raises:
            WeightsError: If timm is not installed.
        """
        super().__init__()
        self.config = config
        shape = MixShape(config.channels, config.depths, HEADS, PATCH)
        self.encoder = make_mix_transformer(shape, config.drop_path)
        self.decoder = DifferenceDecoder(config.channels, config.width)
        self.enlarge = enlarger(config.width)
        self.head = nn.Conv2d(config.width, 1, 3, padding=1)

    def forward(self, before: Tensor, after: Tensor) -> Detection:
        """Detects change; see :class:`~changen_cli.models.detector.Detector`."""
        height, width = before.shape[-2:]
        (both,) = pad_to_multiple(LEVELS[-1], torch.cat([before, after]))
        change = self.head(self.enlarge(self.decoder(self.encoder(both))))
        return Detection(change.float()[..., :height, :width])
