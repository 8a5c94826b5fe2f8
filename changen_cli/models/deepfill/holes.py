"""Where DeepFillv2 and other inpainting fill: the ground of removed objects."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

REACH = 4
"""Pixels around a removed footprint that are filled too: eaves, and the shadow at the foot of the wall."""


def removed_ground(before: Tensor, after: Tensor) -> Tensor:
    """Finds the pixels to fill where objects were removed.

    Args:
        before: S_t, uint8 [B, H, W].
        after: S_t+1, uint8 [B, H, W].

    Returns:
        bool [B, H, W]: up to :data:`REACH` pixels (along rows, columns or diagonals) from where an object was that is
        gone, but nothing of the objects that are there now.
    """
    # nothing is placed where something stood, so another class there is what lay beneath
    gone = (before > 0) & (after != before)
    near = F.max_pool2d(gone.unsqueeze(1).float(), 2 * REACH + 1, 1, REACH) > 0
    hole: Tensor = near.squeeze(1) & ((after == 0) | gone)
    return hole
