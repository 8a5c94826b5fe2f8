"""``--background keep``: ground where nothing changed stays as it was, with a feathered seam."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

REACH = 6
"""Pixels around a change that are synthesised too: shadows, eaves, the ground beside the wall."""

FEATHER = 5
"""Pixels over which the synthesised patch fades into the kept ground."""


def changed_objects(before: Tensor, after: Tensor) -> Tensor:
    """Marks objects that are another after a step: created, removed, or of another shape or place.

    Args:
        before: Region of every pixel of S_t, integer [B, H, W]; 0 is the ground.
        after: Those of S_t+1.

    Returns:
        bool [B, H, W]: all pixels of such an object, before and after; those that it keeps are repainted with the rest.
    """
    first, second = before.flatten(1).long(), after.flatten(1).long()
    differs = first != second
    count = 1 + int(torch.maximum(first.max(), second.max()))
    marked = torch.zeros(len(before), count, dtype=torch.int32, device=before.device)
    for regions in (first, second):
        marked.scatter_reduce_(1, regions, differs.int(), "amax")
    marked[:, 0] = 0
    touched = (marked.gather(1, first) + marked.gather(1, second)) > 0
    return (touched | differs).view_as(before)


def keep_background(image: Tensor, made: Tensor, changed: Tensor) -> Tensor:
    """Takes the synthesised image where the layout changed and the pre-event image elsewhere.

    The paper synthesises the whole image, which gives the negatives their diversity; keeping the ground gives
    perfect temporal coherence instead (section 4.3).

    Args:
        image: I_t, uint8 [B, 3, H, W].
        made: I_t+1 as synthesised, uint8 [B, 3, H, W].
        changed: Where the layout changed, bool [B, H, W].

    Returns:
        uint8 [B, 3, H, W]: ``made`` up to :data:`REACH` pixels from a change (along rows, columns or diagonals),
        ``image`` beyond ``REACH + FEATHER`` pixels, and a linear mix between.
    """
    alpha = changed.unsqueeze(1).float()
    grown = F.max_pool2d(alpha, 2 * REACH + 1, 1, REACH)
    # each dilation by one pixel adds one part of the ramp: 1 inside, falling to 0 over FEATHER pixels
    ramp = grown.clone()
    for _ in range(FEATHER):
        grown = F.max_pool2d(grown, 3, 1, 1)
        ramp += grown
    ramp /= FEATHER + 1
    mixed = torch.lerp(image.float(), made.float(), ramp)
    return mixed.round_().clamp_(0, 255).to(torch.uint8)
