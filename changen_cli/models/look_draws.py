"""Whose look a region takes: its own, another one's, or a new one. The one rule of training and of generating."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from changen_cli.models.look_kinds import DRAWN, OWN
from changen_cli.models.looks import GROUND


@dataclass(frozen=True)
class LookDraws:
    """Where the look of each region is to come from, and the numbers to draw it with.

    Attributes:
        source: Region of I_t whose look is taken, int64 [B, R]; -1 for a new one. So is one whose source is not seen.
        pick: Which of the looks that are kept with the weights a new one resembles, float32 [B, R] in 0..1, uniform.
        normal: float32 [B, R, D], standard normal.
    """

    source: Tensor
    pick: Tensor
    normal: Tensor

    def __len__(self) -> int:
        """Returns the number of samples, B."""
        return len(self.source)

    def part(self, start: int, stop: int) -> LookDraws:
        """Takes samples ``start`` to ``stop - 1``."""
        return LookDraws(*(getattr(self, field.name)[start:stop] for field in fields(self)))


def choose_sources(regions: Tensor, kinds: Tensor, lent: Tensor) -> Tensor:
    """Says whose look each region takes.

    Args:
        regions: Region of every pixel of S_t, integer [B, H, W]; -1 where there is no data. Who has no pixel lends
            none.
        kinds: :mod:`~changen_cli.models.look_kinds` of each region, integer [B, R], or [B, 1] for all of a sample.
        lent: Chooses whose look is borrowed, float32 [B, R] in 0..1: all objects that are seen are equally likely.

    Returns:
        int64 [B, R], regions of I_t; -1 for a look that is drawn, also where there is no object to borrow from.
    """
    numbers = torch.arange(lent.shape[1], device=lent.device)
    seen = torch.zeros(lent.shape, dtype=torch.bool, device=lent.device)
    seen.scatter_(1, regions.flatten(1).clamp(min=GROUND).long(), True)
    objects = seen & (numbers != GROUND)
    # the object number floor(lent x objects) of those that are seen
    order = objects.cumsum(1)
    wanted = (lent * order[:, -1:]).long().clamp(max=(order[:, -1:] - 1).clamp(min=0)) + 1
    others = torch.searchsorted(order, wanted)
    others = torch.where(order[:, -1:] > 0, others, -1)
    found = torch.where((kinds == OWN) & objects, numbers, others)
    found[:, GROUND] = GROUND
    return found.masked_fill(kinds == DRAWN, -1)
