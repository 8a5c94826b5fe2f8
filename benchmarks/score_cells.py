"""How the pages about detectors show scores: means and spreads over seeds."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SCORES = {"f1": "F1", "best_f1": "best F1", "average_precision": "AP"}
"""Scores of each test, and their heads."""

KEPT = (*SCORES, "precision", "recall", "best_threshold")
"""What is kept of the scores of a detector."""

NONE = "-"


def cell(tests: Sequence[Mapping[str, Any]]) -> str:
    """Shows :data:`SCORES` of one test, of detectors that differ in their seed alone."""
    return " / ".join(spread(test[score] for test in tests) for score in SCORES)


def spread(values: Iterable[float | None], sign: str = "") -> str:
    """Shows a mean and, of more than one, a standard deviation; ``sign`` is that of a format: "+" shows it always."""
    known = [value for value in values if value is not None]
    if not known:
        return NONE
    deviation = f" ± {statistics.stdev(known):.2f}" if len(known) > 1 else ""
    return f"{statistics.mean(known):{sign}.2f}{deviation}"


def floor_cell(scores: Mapping[str, Any]) -> str:
    """Shows the scores of what was not trained: of calling every pixel changed."""
    return " / ".join(NONE if scores.get(name) is None else f"{scores[name]:.2f}" for name in SCORES)
