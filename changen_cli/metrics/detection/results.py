"""What an evaluation of detectors found: scores, curves, and some pairs to be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from changen_cli.metrics.base import Result
from changen_cli.pairs.base import ChangePair
from changen_cli.types import Float32Array

Points = Sequence[tuple[float, float]]
"""Points of a curve, x and y."""


@dataclass(frozen=True, slots=True)
class SeenPair:
    """A pair, or the part of it that has most to be seen.

    Attributes:
        pair: The pair.
        f1: F1 of the whole pair at the threshold.
        probability: Of change, float32 [H, W].
    """

    pair: ChangePair
    f1: float
    probability: Float32Array


@dataclass(frozen=True)
class DetectorResult:
    """What was found of one detector.

    Attributes:
        name: Of its weights.
        kind: "detector" or "post-classification".
        sha256: Of its weights.
        scores: As :meth:`changen_cli.metrics.detection.scores.ChangeScores.compute` gives them.
        curve: Precision over recall.
        seen: Pairs by "best", "median" and "worst".
    """

    name: str
    kind: str
    sha256: str
    scores: Result
    curve: Points = ()
    seen: Mapping[str, Sequence[SeenPair]] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Returns everything but the pictures."""
        seen = {which: [{"id": one.pair.id, "f1": one.f1} for one in pairs] for which, pairs in self.seen.items()}
        return {
            "name": self.name,
            "kind": self.kind,
            "sha256": self.sha256,
            **self.scores,
            "curve": [list(point) for point in self.curve],
            "pairs": seen,
        }


@dataclass(frozen=True)
class LearningCurves:
    """What a training run logged of its validations, as Figure 6 of the paper shows it.

    Attributes:
        name: Of the run.
        curves: Values over iterations, by column.
    """

    name: str
    curves: Mapping[str, Points]


@dataclass(frozen=True)
class DetectionReport:
    """What an evaluation found.

    Attributes:
        about: What was evaluated on what: JSON values.
        results: Of each detector, in the order that they were named.
        floor: Scores of calling every pixel changed.
        learning: Learning curves of runs.
    """

    about: Mapping[str, object]
    results: tuple[DetectorResult, ...]
    floor: Result
    learning: tuple[LearningCurves, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Returns everything but the pictures."""
        return {
            **self.about,
            "detectors": [one.as_json() for one in self.results],
            "all_change": self.floor,
            "learning": {
                one.name: {column: [list(point) for point in points] for column, points in one.curves.items()}
                for one in self.learning
            },
        }
