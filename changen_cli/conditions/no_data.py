"""Pixels without data: given the colours of their neighbours, so that conditions need not know of them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

REACH = 8
"""How far from data pixels are filled: farther than any of our conditions moves or mixes pixels."""


def fill_no_data(images: Tensor, valid: Tensor) -> Tensor:
    """Lets colours grow into pixels without data, a ring of one pixel after the other.

    Args:
        images: float32 [B, C, H, W].
        valid: Where there is data, bool [B, 1, H, W].

    Returns:
        The images, 0 where there is no data within :data:`REACH` pixels.
    """
    if images.device.type == "cpu" and bool(valid.all()):  # another device would have to be waited for
        return images
    known = valid.to(images.dtype)
    images = torch.where(valid, images, 0)
    for _ in range(REACH):
        share = F.avg_pool2d(known, 3, stride=1, padding=1)
        grown = F.avg_pool2d(images, 3, stride=1, padding=1) / share.clamp(min=1e-6)
        images = torch.where(known > 0, images, grown)
        known = (share > 0).to(images.dtype)
    return images
