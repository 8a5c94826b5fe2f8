"""Feature vectors of images from a frozen network, for distances between sets of images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor

from changen_cli.models.projected.features import Lite0Features


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Lets networks compute without gradients and, on CUDA, in full float32 and one order, so that figures repeat."""
    with (
        torch.inference_mode(),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
    ):
        yield


class Extractor(Protocol):
    """Gives a vector for every image."""

    size: int
    """D, length of a vector."""

    def __call__(self, images: Tensor) -> Tensor:
        """Extracts features.

        Args:
            images: uint8 [B, 3, H, W].

        Returns:
            float32 [B, D].
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

    @torch.inference_mode()
    def __call__(self, images: Tensor) -> Tensor:
        """See :meth:`Extractor.__call__`; H and W at least 32."""
        last: Tensor = self.network(images.float() / 127.5 - 1)[-1]
        return last.mean((2, 3))
