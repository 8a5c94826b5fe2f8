"""The condition ``compression``: images that were JPEG files once."""

from __future__ import annotations

import io
from typing import Annotated, ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from changen_cli.conditions.base import Draw, Drawn
from changen_cli.conditions.options import Strength, strength
from changen_cli.errors import UsageError
from changen_cli.options import LOW_TO_HIGH, Ge, Le, Number, Whole, option, options

Quality = Annotated[Whole, Ge(1), Le(100)]

MODES = {1: "L", 3: "RGB"}
"""Pillow's names of images with so many bands."""


@options()
class Compression:
    """Encodes some images as JPEG and decodes them again, on the host, one by one: slow on a GPU.

    For images of one band or three. Bits depend on the libjpeg that Pillow was built with.
    """

    name: ClassVar[str] = "compression"

    strength: Strength = strength()
    chance: Annotated[Number, Ge(0), Le(1)] = option(default=0.5, help="Part of the images that are compressed.")
    quality: Annotated[tuple[Quality, Quality], LOW_TO_HIGH] = option(
        default=(30, 90), help="JPEG's quality, 1 to 100; strength moves it away from 100."
    )

    def draw(self, rng: np.random.Generator, bands: int) -> Draw:
        """Draws; see :meth:`changen_cli.conditions.base.Condition.draw`. Quality 0 is an image left as it is."""
        lot, quality = rng.random(), rng.integers(*self.quality, endpoint=True)
        stronger = max(1, round(100 - (100 - quality) * self.strength))
        return {"quality": stronger if lot < self.chance else 0}

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        """Applies; see :meth:`changen_cli.conditions.base.Condition.apply`."""
        if images.shape[1] not in MODES:
            raise UsageError(
                f"condition {self.name} is for images of one band or three; these have {images.shape[1]} bands"
            )
        chosen = np.flatnonzero(drawn["quality"])
        if not len(chosen):
            return images
        pixels = (images[chosen] * 255).round_().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        decoded = np.stack([_compress(*pair) for pair in zip(pixels, drawn["quality"][chosen], strict=True)])
        images[chosen] = torch.from_numpy(decoded).permute(0, 3, 1, 2).to(images.device).to(torch.float32).div_(255)
        return images


def _compress(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], quality: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Encodes and decodes one image, uint8 [H, W, C]."""
    file = io.BytesIO()
    bands = pixels.shape[2]
    Image.fromarray(pixels[:, :, 0] if bands == 1 else pixels, MODES[bands]).save(file, "JPEG", quality=int(quality))
    with Image.open(file) as image:
        return np.asarray(image).reshape(pixels.shape)
