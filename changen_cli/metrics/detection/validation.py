"""How well a detector in training finds change, over the valid pixels of all held-out pairs together.

The numbers are those of :class:`~changen_cli.metrics.detection.scores.ChangeScores`; only a validation has them.
"""

from __future__ import annotations

from changen_cli.metrics.base import Accumulator, Column, Metric, Result, Role
from changen_cli.metrics.detection.scores import ChangeScores
from changen_cli.types import BoolArray, Float32Array, UInt8Array

CHANGE = "change"
"""What a metric needs that compares detected change with labels; only the validation of a detector has it."""


class DetectedChange(Accumulator):
    """Counts of detected change."""

    def __init__(self) -> None:
        self._scores = ChangeScores()

    def see_change(self, probability: Float32Array, change: UInt8Array, valid: BoolArray) -> None:
        """Adds a pair; see :meth:`~changen_cli.metrics.detection.scores.ChangeScores.see`."""
        self._scores.see(probability, change, valid)

    def compute(self) -> Result:
        """Computes the scores, 0..1; None where there is nothing to take one over."""
        return self._scores.compute()


DETECTION = Metric(
    name="change_detection",
    title="change detection",
    columns=(
        Column("change_f1", "f1", "F1", "0..1, at 0.5", "higher", role=Role.OVERLAP, said=True),
        Column("change_iou", "iou", "IoU", "0..1, at 0.5", "higher"),
        Column("change_precision", "precision", "precision", "0..1, at 0.5", "higher"),
        Column("change_recall", "recall", "recall", "0..1, at 0.5", "higher"),
        Column("change_ap", "average_precision", "average precision", "0..1", "higher", said=True),
        Column("change_best_f1", "best_f1", "best F1", "0..1, of all thresholds", "higher", said=True),
    ),
    make=lambda setting: DetectedChange(),
    rank=61,
    needs=CHANGE,
)
