"""The one conversion between images as bytes and as networks and conditions take and give them."""

from __future__ import annotations

import torch
from torch import Tensor

SMALLEST = 32
"""Fewest rows and columns that every network takes."""


def to_pixels(image: Tensor) -> Tensor:
    """Turns bytes into what networks take.

    Args:
        image: uint8 [B, 3, H, W].

    Returns:
        float32 [B, 3, H, W] in -1..1, channels last, in memory of its own.
    """
    return image.to(torch.float32, copy=True).div_(127.5).sub_(1).contiguous(memory_format=torch.channels_last)


def to_bytes(pixels: Tensor) -> Tensor:
    """Turns what networks give into bytes.

    Args:
        pixels: Float of any precision [B, 3, H, W]; what is not in -1..1 is clipped.

    Returns:
        uint8 [B, 3, H, W], rounded to the nearest, halves to even; laid out in memory as ``pixels`` is.
    """
    return (pixels.float() + 1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def to_unit(image: Tensor) -> Tensor:
    """Turns bytes into what conditions take.

    Args:
        image: uint8 [B, C, H, W].

    Returns:
        float32 [B, C, H, W] in 0..1, in memory of its own.
    """
    return image.to(torch.float32, copy=True).div_(255)


def from_unit(image: Tensor) -> Tensor:
    """Turns what conditions give into bytes.

    Args:
        image: float32 [B, C, H, W] in 0..1.

    Returns:
        uint8 [B, C, H, W], rounded to the nearest, halves to even.
    """
    return (image * 255).round_().to(torch.uint8)


def fill_up(images: Tensor) -> Tensor:
    """Repeats the last rows and columns of images that are smaller than :data:`SMALLEST`.

    Args:
        images: uint8 [B, 3, H, W].

    Returns:
        The images, or larger ones whose top left corner they are.
    """
    height, width = images.shape[-2:]
    rows = torch.arange(max(height, SMALLEST), device=images.device).clamp(max=height - 1)
    columns = torch.arange(max(width, SMALLEST), device=images.device).clamp(max=width - 1)
    return images if min(height, width) >= SMALLEST else images[..., rows[:, None], columns]
