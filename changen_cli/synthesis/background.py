"""``--background keep``: ground where nothing changed stays as it was; what is synthesised meets it without a seam."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

REACH = 5
"""Pixels around a change that are synthesised too: as many as the recipes with looks hide, since footprints are off by
as much and shadows stand beside them."""

FEATHER = 8
"""Pixels over which the synthesised patch fades into the kept ground."""

COARSE = 4
"""Pixels of a cell over which tones are compared: texture is finer, light and season are coarser."""


def changed_objects(before: Tensor, after: Tensor, count: int) -> Tensor:
    """Marks objects that are another after a step: created, removed, or of another shape or place.

    Args:
        before: Region of every pixel of S_t, integer [B, H, W]; 0 is the ground.
        after: Those of S_t+1.
        count: Number of regions, R; all values are below.

    Returns:
        bool [B, H, W]: all pixels of such an object, before and after; those that it keeps are repainted with the rest.
    """
    first, second = before.flatten(1).long(), after.flatten(1).long()
    differs = first != second
    marked = torch.zeros(len(before), count, dtype=torch.int32, device=before.device)
    for regions in (first, second):
        marked.scatter_reduce_(1, regions, differs.int(), "amax")
    marked[:, 0] = 0
    touched = (marked.gather(1, first) + marked.gather(1, second)) > 0
    return (touched | differs).view_as(before)


def keep_background(
    image: Tensor, made: Tensor, before: Tensor, after: Tensor, *, changed: Tensor | None, valid: Tensor | None = None
) -> Tensor:
    """Takes the synthesised image where the layout changed and the pre-event image elsewhere.

    The paper synthesises the whole image, which gives the negatives their diversity; keeping the ground gives
    perfect temporal coherence instead (section 4.3). The synthesised ground takes on the tone of the kept ground around
    it (:func:`match_tone`), or the patch would show as a halo; objects look as they were synthesised.

    Args:
        image: I_t, uint8 [B, 3, H, W].
        made: I_t+1 as synthesised, uint8 [B, 3, H, W].
        before: S_t, integer [B, H, W]; 0 is the ground.
        after: S_t+1.
        changed: All pixels of the objects that changed, bool [B, H, W]; other objects are kept to the last pixel. None
            where objects are not known: then what changed are the pixels of another class, and what stands beside
            counts as ground does.
        valid: Where I_t has data, bool [B, 1, H, W]; None for everywhere.

    Returns:
        uint8 [B, 3, H, W]: synthesised up to :data:`REACH` pixels from a change (along rows, columns or diagonals),
        ``image`` beyond ``REACH + FEATHER`` pixels and on objects that are kept, and a linear mix between.
    """
    built = ((before > 0) | (after > 0)).unsqueeze(1)
    patch = (before != after if changed is None else changed).unsqueeze(1)
    grown = F.max_pool2d(patch.float(), 2 * REACH + 1, 1, REACH)
    known = (grown == 0) & ~built
    # each dilation by one pixel adds one part of the ramp: 1 inside, falling to 0 over FEATHER pixels
    ramp = grown.clone()
    for _ in range(FEATHER):
        grown = F.max_pool2d(grown, 3, 1, 1)
        ramp += grown
    ramp /= FEATHER + 1
    if changed is not None:
        ramp.masked_fill_(built & ~patch, 0)
    tone = match_tone(image.float() - made.float(), known if valid is None else known & valid)
    toned = made.float() + tone.masked_fill_((after > 0).unsqueeze(1), 0)
    mixed = torch.lerp(image.float(), toned, ramp)
    return mixed.round_().clamp_(0, 255).to(torch.uint8)


def match_tone(difference: Tensor, known: Tensor) -> Tensor:
    """Carries the tone difference of known pixels, without their texture, smoothly over all others.

    A membrane over the gaps, by pulling and pushing through a pyramid of means (Gortler et al. 1996, section 3.4): the
    closer a known pixel is, the more it says.

    Args:
        difference: What must be added where it is known, float [B, C, H, W].
        known: bool [B, 1, H, W].

    Returns:
        float [B, C, H, W], smooth; 0 for a sample of which nothing is known.
    """
    weights = known.float()
    pulled = [(_averaged(difference * weights, COARSE), _averaged(weights, COARSE))]
    while max(pulled[-1][1].shape[-2:]) > 1:
        sums, shares = pulled[-1]
        pulled.append((_averaged(sums, 2), _averaged(shares, 2)))
    # a cell of which nothing is known has the share 0, and its mean does not matter
    means = [(sums / shares.clamp(min=1e-9), shares) for sums, shares in pulled]
    pushed, _ = means.pop()
    for mean, shares in reversed(means):
        height, width = mean.shape[-2:]
        pushed = torch.lerp(_enlarged(pushed, 2)[..., :height, :width], mean, shares)
    return _enlarged(pushed, COARSE)[..., : difference.shape[2], : difference.shape[3]]


def _averaged(x: Tensor, stride: int) -> Tensor:
    """Averages cells; those that overhang the edge are filled up with nothing."""
    height, width = x.shape[-2:]
    return F.avg_pool2d(F.pad(x, (0, -width % stride, 0, -height % stride)), stride)


def _enlarged(x: Tensor, factor: int) -> Tensor:
    return F.interpolate(x, scale_factor=float(factor), mode="bilinear")
