"""The best validation of a run so far, by a stated rule.

A distance between sets of images alone misleads: in Table 3 of the paper FID is lower without the masked transition,
whose images are worse to train on. So an image must first show its labels:

    With A the highest mean of the label agreement (role "agreement") of any validation so far, one whose mean is
    A - 0.02 or more is eligible. A new one becomes the best if the best is no longer eligible, or if it is itself
    eligible and has the smaller distance (role "distance", unbiased; the first column counts). Without label agreement
    the distance decides alone, without a distance the agreement; of a segmenter, the overlap (role "overlap").

Whatever is not a number never wins, and of equals the earlier stays. A best validation that is no longer eligible is
followed by the one that made it so, though an earlier one might have been better: there is only one checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from changen_cli.metrics.base import Column, Role
from changen_cli.metrics.registry import find_columns

SLACK = 0.02
"""How far below the highest mean agreement a validation may be."""

RULE = (
    "the smallest unbiased distance to real images (the first that there are networks for) with a mean label agreement "
    f"within {SLACK} of the highest so far; of a segmenter, the highest overlap"
)
"""The rule in one sentence."""


class BestSoFar:
    """Picks the best among validations as they come; a function of their metrics and of what these declare alone.

    Values count as the log keeps them, to six digits, so that the rows of a log rebuild it exactly.

    Attributes:
        iteration: Of the best validation; None before there is one.
        values: Its metrics.
        rule: What decides with these columns, in words.
    """

    def __init__(self, columns: Iterable[str], declared: Mapping[str, Column] | None = None) -> None:
        """Reads the roles of the columns.

        Args:
            columns: Names of the columns that a validation has, the distance that counts before others.
            declared: What they declare, by name; what the metrics that are installed do if None.
        """
        roles = {name: column.role for name, column in (find_columns() if declared is None else declared).items()}
        parts = {role: tuple(name for name in columns if roles.get(name) is role) for role in Role}
        self._distance = next(iter(parts[Role.DISTANCE]), None)
        self._overlap = next(iter(parts[Role.OVERLAP]), None)
        self._agreement = parts[Role.AGREEMENT]
        self.iteration: int | None = None
        self.values: dict[str, float] = {}
        self.rule = self._in_words()
        self._highest = self._best_mean = -math.inf
        self._best_cost = math.inf

    def consider(self, iteration: int, values: Mapping[str, float]) -> bool:
        """Looks at the next validation.

        Args:
            iteration: Iterations done.
            values: A value for every column.

        Returns:
            Whether it is the best so far.
        """
        kept = {name: float(f"{value:.6g}") for name, value in values.items()}
        # without label agreement all are eligible alike
        mean = _mean([kept[name] for name in self._agreement])
        cost = self._cost(kept, mean)
        if not (math.isfinite(cost) and math.isfinite(mean)):
            return False
        self._highest = max(self._highest, mean)
        least = self._highest - SLACK
        if mean < least or (self._best_mean >= least and cost >= self._best_cost):
            return False
        self._best_mean, self._best_cost = mean, cost
        self.iteration, self.values = iteration, kept
        return True

    def _cost(self, values: Mapping[str, float], mean: float) -> float:
        """Returns what is the smaller the better."""
        if self._overlap is not None:
            return -values[self._overlap]
        if self._distance is not None:
            return values[self._distance]
        return -mean if self._agreement else math.nan

    def _in_words(self) -> str:
        if self._overlap is not None:
            return f"the highest {self._overlap}"
        if self._distance is None:
            missing = "none: it needs a segmenter, or a network whose features tell images apart"
            return "the highest mean label agreement" if self._agreement else missing
        eligible = f" with a mean label agreement within {SLACK} of the highest so far" if self._agreement else ""
        return f"the smallest {self._distance}{eligible}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
