"""Scores of detected change over the valid pixels of a whole set: counts are summed, and shares taken at the end.

With p the probability that a detector gives a pixel, and TP, FP and FN counted where p is at least a threshold:

    precision = TP / (TP + FP)        recall = TP / (TP + FN)
    f1 = 2 TP / (2 TP + FP + FN)      iou = TP / (TP + FP + FN)

Scores at one threshold swing with how a detector is calibrated, above all on data that it was not trained on. So two
scores that do not depend on a threshold stand beside them:

    average_precision = sum over thresholds t, from the highest down, of (recall_t - recall_t-1) precision_t
    best_f1           = the best f1 of any threshold, and best_threshold where that is

The thresholds are :data:`BINS` steps, equal in log(p / (1 - p)), so that a detector that is sure of everything is
ranked as finely as another; memory does not grow with the set. Both are exactly those of p rounded down to these steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from changen_cli.metrics.base import Result, share
from changen_cli.types import BoolArray, Float32Array, Int64Array, UInt8Array

BINS = 8192
"""Steps of log-odds; 0, which is p = 0.5, is between two of them."""

REACH = 16.0
"""Largest log-odds told apart, either way: as far as float32 tells a probability from 1."""

CURVE_POINTS = 200
"""Most points of a precision-recall curve that is drawn."""


def bins_of(probability: Float32Array) -> NDArray[np.int64]:
    """Returns the step of each probability, 0 .. :data:`BINS` - 1; NaN falls on the first."""
    p = np.nan_to_num(probability.astype(np.float64), nan=0.0)
    with np.errstate(divide="ignore"):
        odds = np.log(p) - np.log1p(-p)
    place = np.floor((np.clip(odds, -REACH, REACH) + REACH) * (BINS / (2 * REACH)))
    bins: NDArray[np.int64] = np.minimum(place, BINS - 1).astype(np.int64)
    return bins


def threshold_of(place: int) -> float:
    """Returns the lowest probability of a step."""
    return float(1 / (1 + np.exp(REACH - place * (2 * REACH / BINS))))


class ChangeScores:
    """Counts of detected change, at one threshold and over all."""

    def __init__(self, threshold: float = 0.5, event_names: Sequence[str] = ()) -> None:
        """Starts with nothing counted.

        Args:
            threshold: Probability from which a pixel counts as changed.
            event_names: Kinds of change that are told apart.
        """
        self.threshold = threshold
        self.event_names = tuple(event_names)
        self.unchanged: Int64Array = np.zeros(BINS, np.int64)
        self.changed: Int64Array = np.zeros(BINS, np.int64)
        self.events: Int64Array = np.zeros((len(self.event_names), BINS), np.int64)
        self._hits = self._false = 0
        self._event_hits: Int64Array = np.zeros(len(self.event_names), np.int64)

    def see(
        self, probability: Float32Array, change: UInt8Array, valid: BoolArray, events: UInt8Array | None = None
    ) -> None:
        """Counts an image, or a part of one.

        Args:
            probability: Of change, float32 [H, W], 0..1.
            change: uint8 [H, W], not 0 where it changed.
            valid: bool [H, W]; other pixels are left out.
            events: uint8 [H, W]: 0, or 1 + index into ``event_names``; None where it is not known.
        """
        probability, changed = probability[valid], change[valid] != 0
        place, found = bins_of(probability), probability >= self.threshold
        self.changed += np.bincount(place[changed], minlength=BINS)
        self.unchanged += np.bincount(place[~changed], minlength=BINS)
        self._hits += int(np.count_nonzero(found & changed))
        self._false += int(np.count_nonzero(found & ~changed))
        if events is not None:
            kinds = np.where(changed, events[valid], 0)
            for number in range(len(self.event_names)):
                of_it = kinds == number + 1
                self.events[number] += np.bincount(place[of_it], minlength=BINS)
                self._event_hits[number] += np.count_nonzero(found & of_it)

    def add(self, other: ChangeScores) -> None:
        """Adds the counts of another, of the same threshold and events."""
        self.unchanged += other.unchanged
        self.changed += other.changed
        self.events += other.events
        self._hits += other._hits
        self._false += other._false
        self._event_hits += other._event_hits

    @property
    def f1(self) -> float | None:
        """F1 at the threshold; None where nothing changed and nothing was found."""
        return share(2 * self._hits, self._hits + self._false + int(self.changed.sum()))

    @property
    def wrong(self) -> int:
        """Pixels that the threshold puts on the wrong side."""
        return self._false + int(self.changed.sum()) - self._hits

    def compute(self) -> Result:
        """Computes all scores, 0..1; None where there is nothing to take one over.

        Returns:
            ``threshold``, ``precision``, ``recall``, ``f1``, ``iou``, ``average_precision``, ``best_f1``,
            ``best_threshold``, ``pixels`` that count and the ``changed`` share of them; and by kind of change in
            ``events`` its ``pixels``, ``recall`` and the ``best_recall``, that at ``best_threshold``.
        """
        positives, negatives = int(self.changed.sum()), int(self.unchanged.sum())
        found = self._hits + self._false
        precision, recall, f1 = self._by_threshold()
        best = int(np.argmax(f1)) if positives else None
        place = None if best is None else BINS - 1 - best
        return {
            "threshold": self.threshold,
            "precision": share(self._hits, found),
            "recall": share(self._hits, positives),
            "f1": self.f1,
            "iou": share(self._hits, self._false + positives),
            "average_precision": float(np.sum(np.diff(recall, prepend=0.0) * precision)) if positives else None,
            "best_f1": None if best is None else float(f1[best]),
            "best_threshold": None if place is None else threshold_of(place),
            "pixels": positives + negatives,
            "changed": share(positives, positives + negatives),
            "events": {
                name: {
                    "pixels": int(counts.sum()),
                    "recall": share(int(hits), int(counts.sum())),
                    "best_recall": None if place is None else share(int(counts[place:].sum()), int(counts.sum())),
                }
                for name, counts, hits in zip(self.event_names, self.events, self._event_hits, strict=True)
            },
        }

    def curve(self) -> list[tuple[float, float]]:
        """Returns the precision-recall curve from the highest threshold down: (recall, precision), few points.

        Empty where nothing changed.
        """
        if not self.changed.any():
            return []
        precision, recall, _ = self._by_threshold()
        steps = np.flatnonzero(np.diff(recall, prepend=-1.0) > 0)  # where recall stands still there is nothing to see
        if len(steps) > CURVE_POINTS:
            at = np.linspace(recall[steps[0]], recall[steps[-1]], CURVE_POINTS)
            steps = steps[np.unique(np.searchsorted(recall[steps], at).clip(0, len(steps) - 1))]
        return [(float(recall[step]), float(precision[step])) for step in steps]

    def _by_threshold(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Returns precision, recall and F1 for every threshold, from the highest down; 0 where they are not defined."""
        hits: Any = np.cumsum(self.changed[::-1])
        found = hits + np.cumsum(self.unchanged[::-1])
        positives = int(self.changed.sum())
        return (
            hits / np.maximum(found, 1),
            hits / max(positives, 1),
            2 * hits / np.maximum(found + positives, 1),
        )


def all_change(changed: float | None) -> Result:
    """Returns the scores of calling every pixel changed, the floor that any detector must be above.

    Args:
        changed: Share of pixels that changed; None or 0 where nothing did.
    """
    if not changed:
        return dict.fromkeys(("precision", "recall", "f1", "iou", "average_precision", "best_f1"))
    f1 = 2 * changed / (1 + changed)
    return {
        "precision": changed,
        "recall": 1.0,
        "f1": f1,
        "iou": changed,
        "average_precision": changed,
        "best_f1": f1,
    }
