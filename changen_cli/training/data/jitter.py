"""Colour jitter: brightness, contrast and the gain of each band, drawn image by image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from changen_cli import rng


def jittered(image: Tensor, most: float, keys: Sequence[rng.Key]) -> Tensor:
    """Changes brightness, contrast and the gain of each band, by at most ``most``.

    Args:
        image: float [B, 3, H, W] in -1..1.
        most: Largest relative change, 0 or more and below 1.
        keys: What each image is; the same key draws the same.

    Returns:
        float [B, 3, H, W] in -1..1.
    """
    draws = np.stack([rng.generator(*key, "jitter").uniform(-most, most, 5) for key in keys])
    brightness, contrast, *gains = torch.from_numpy(draws.astype(np.float32)).to(image.device).unbind(1)
    gain = 1 + torch.stack(gains, 1)[:, :, None, None]
    mean = image.mean((1, 2, 3), keepdim=True)
    image = (image - mean) * (1 + contrast)[:, None, None, None] + mean + brightness[:, None, None, None]
    # a gain belongs to intensities from 0 up, not to -1..1
    return ((image + 1) * gain - 1).clamp(-1, 1)
