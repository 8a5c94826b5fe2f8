from __future__ import annotations

import json

import numpy as np

from changen_cli.metrics.detection.results import DetectionReport, DetectorResult, LearningCurves, SeenPair
from changen_cli.pairs.base import ChangePair


def test_everything_but_the_pictures_is_json() -> None:
    image, flat = np.zeros((3, 4, 4), np.uint8), np.zeros((4, 4), np.uint8)
    seen = SeenPair(ChangePair("a", image, image, flat, flat > 0), 0.5, flat.astype(np.float32))
    result = DetectorResult("mine", "detector", "0" * 64, {"f1": 0.25}, [(0.0, 1.0)], {"best": [seen]})
    learning = LearningCurves("run", {"f1": [(10.0, 0.2)]})
    found = json.loads(json.dumps(DetectionReport({"pairs": 1}, (result,), {"f1": None}, (learning,)).as_json()))
    assert found == {
        "pairs": 1,
        "detectors": [
            {
                "name": "mine",
                "kind": "detector",
                "sha256": "0" * 64,
                "f1": 0.25,
                "curve": [[0.0, 1.0]],
                "pairs": {"best": [{"id": "a", "f1": 0.5}]},
            }
        ],
        "all_change": {"f1": None},
        "learning": {"run": {"f1": [[10.0, 0.2]]}},
    }
