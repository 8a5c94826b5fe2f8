"""Feature vectors of images from a frozen network, for distances between sets of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor

from changen_cli.models.projected.features import Lite0Features
from changen_cli.models.units import to_pixels


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Lets networks compute without gradients and, on CUDA, in full float32 and one order, so that results repeat."""
    with (
        torch.inference_mode(),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
    ):
        yield


class Extractor(Protocol):
    """Gives a vector for every image."""

    @property
    def size(self) -> int:
        """D, length of a vector."""
        ...

    @property
    def about(self) -> Mapping[str, str]:
        """What a result must say of the network that its features are from: JSON values by name."""
        ...

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor | None]:
        """Extracts features.

        Args:
            images: uint8 [B, 3, H, W].

        Returns:
            Vectors, float32 [B, D], and logits, float32 [B, classes], or None where the network classifies nothing.
        """
        ...


class Lite0Extractor:
    """EfficientNet-Lite0, ImageNet weights: its last stage (stride 32, 320 channels), averaged over the image.

    The last stage of the trunk is what carries the most meaning and still belongs to the image: the 1280 channels after
    it are shaped for ImageNet's thousand classes. Averaging makes the vector independent of where things stand, as
    Inception's last pooling does. Images go in at their own size, not resized: metres per pixel must stay as they are.
    The vectors are not normalised.
    """

    def __init__(self, device: str) -> None:
        """Loads the network.

        Args:
            device: A torch device.

        Raises:
            WeightsError: If timm or the package with the weights is not installed.
        """
        self.network = Lite0Features().to(device)
        self.size = self.network.channels[-1]
        self.about: Mapping[str, str] = {}

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> tuple[Tensor, None]:
        """Extracts vectors, float32 [B, 320]; of images of at least 32 x 32 pixels, uint8 [B, 3, H, W]."""
        last: Tensor = self.network(to_pixels(images))[-1]
        return last.mean((2, 3)), None
