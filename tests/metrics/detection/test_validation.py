from __future__ import annotations

import numpy as np

from changen_cli.metrics.base import Setting
from changen_cli.metrics.detection.validation import DETECTION
from changen_cli.metrics.registry import find_metrics


def test_columns_are_scores_of_all_pairs_together() -> None:
    assert find_metrics()["change_detection"] is DETECTION
    counted = DETECTION.make(Setting())
    change = np.zeros((4, 4), np.uint8)
    change[0] = 1
    for probability in (0.9, 0.1):
        counted.see_change(np.full((4, 4), probability, np.float32), change, np.ones((4, 4), np.bool_))
    found = counted.compute()
    assert {column.name: round(found[column.key], 3) for column in DETECTION.columns} == {
        "change_f1": 0.333,
        "change_iou": 0.2,
        "change_precision": 0.25,
        "change_recall": 0.5,
        "change_ap": 0.25,
        "change_best_f1": 0.4,
    }


def test_without_change_there_is_no_score() -> None:
    counted = DETECTION.make(Setting())
    counted.see_change(np.zeros((4, 4), np.float32), np.zeros((4, 4), np.uint8), np.ones((4, 4), np.bool_))
    assert counted.compute()["average_precision"] is None
