"""A projected discriminator (Sauer et al. 2021) that also sees the mask; optional, not part of the paper."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from changen_cli.models.layers import conv, pool_condition
from changen_cli.models.projected.features import Lite0Features

STRIDES = (4, 8, 16, 32)


class Head(nn.Module):
    """One scale: fixed random projection of frozen features, joined with the mask, and three convolutions."""

    projection: Tensor

    def __init__(self, channels: int, classes: int, width: int) -> None:
        super().__init__()
        # random, never trained; a buffer, so that a checkpoint brings the same projection back
        self.register_buffer("projection", torch.randn(width, channels, 1, 1) / channels**0.5)
        self.layers = nn.Sequential(
            conv(width + classes, width, 3),
            nn.LeakyReLU(0.2),
            conv(width, width, 3),
            nn.LeakyReLU(0.2),
            conv(width, 1, 1),
        )

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """Scores [B, channels, H, W] features under a [B, classes, H, W] condition: [B, 1, H, W], real is high."""
        projected = F.conv2d(features, self.projection)
        scores: Tensor = self.layers(torch.cat([projected, condition.to(projected.dtype)], 1)).float()
        return scores


class ProjectedDiscriminator(nn.Module):
    """Four heads on frozen EfficientNet-Lite0 features at strides 4, 8, 16 and 32.

    The paper trains with the conditional adversarial loss alone. With few images and short runs these heads give
    texture that the segmentation discriminator alone takes far longer to ask for.

    Its state has no frozen features: they come from their package, and would be 19 MB of every checkpoint. A state that
    has them, as one of changen 0.1.0, is taken as it is.
    """

    def __init__(self, classes: int, width: int = 64) -> None:
        """Makes heads with fresh weights.

        Args:
            classes: Classes of the masks, background included.
            width: Channels of the random projections.

        Raises:
            WeightsError: If the frozen network's packages are not installed.
        """
        super().__init__()
        self.features = Lite0Features()
        self.heads = nn.ModuleList(Head(c, classes, width) for c in self.features.channels)
        self.register_state_dict_post_hook(ProjectedDiscriminator._leave_out)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(ProjectedDiscriminator._fill_in)  # type: ignore[no-untyped-call]

    def _leave_out(self, state: dict[str, Tensor], prefix: str, metadata: object) -> None:
        """Takes the frozen features out of a state."""
        for name in self.features.state_dict():
            del state[f"{prefix}features.{name}"]

    def _fill_in(self, state: dict[str, Tensor], prefix: str, *_: object) -> None:
        """Adds those of the package to a state that has none."""
        for name, value in self.features.state_dict().items():
            state.setdefault(f"{prefix}features.{name}", value)

    def forward(self, image: Tensor, condition: Tensor) -> list[Tensor]:
        """Scores image-mask pairs.

        Args:
            image: float [B, 3, H, W] in -1..1, H and W multiples of 32.
            condition: One-hot mask, float [B, classes, H, W].

        Returns:
            Scores per head, float32 [B, 1, H / stride, W / stride].
        """
        features = self.features(image)
        return [
            head(f, pool_condition(condition, stride))
            for head, f, stride in zip(self.heads, features, STRIDES, strict=True)
        ]
