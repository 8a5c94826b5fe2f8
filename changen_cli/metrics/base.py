"""What a figure gives: JSON values by name, or the reason why it cannot be had."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

Figure: TypeAlias = dict[str, Any]
"""JSON values by name. The main one, where there is one, is ``value``; ``absent`` stands alone and says why."""


def absent(reason: str) -> Figure:
    """Returns the figure that is not there.

    Args:
        reason: Why, and what to do to get it.
    """
    return {"absent": reason}


def share(part: float, whole: float) -> float | None:
    """Returns ``part / whole``, or None where there is nothing to share."""
    return part / whole if whole else None


class WeightedMean:
    """A running mean with weights, for any number of values."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self.total = 0.0
        self.weight = 0.0

    def add(self, value: float, weight: float) -> None:
        """Adds one value.

        Args:
            value: Any finite number.
            weight: How much it counts, 0 or more.
        """
        self.total += value * weight
        self.weight += weight

    @property
    def mean(self) -> float:
        """The mean so far; NaN if nothing has weight."""
        return self.total / self.weight if self.weight else math.nan
