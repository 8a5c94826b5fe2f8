from __future__ import annotations

import numpy as np
import pytest

from changen_cli.metrics.segmentation import SEGMENTATION, Segmentation

ALL = np.ones((4, 4), bool)
TRUTH = np.zeros((4, 4), np.uint8)
TRUTH[:2] = 1
TRUTH[0] = 2


def test_right_and_wrong() -> None:
    metric = Segmentation()
    found = np.minimum(TRUTH, 1)
    found[1, :2] = 0
    found[3, 0] = 1
    metric.see_classes(found, TRUTH, ALL)
    result = metric.compute()
    assert result["iou"] == pytest.approx(6 / 9)
    assert result["building"] == pytest.approx(6 / 8)
    assert result["background"] == pytest.approx(7 / 8)
    assert result["right"] == pytest.approx((2 + 7) / 16)  # classes count apart
    assert list(result) == [column.key for column in SEGMENTATION.columns]


def test_missing_data_does_not_count() -> None:
    metric = Segmentation()
    metric.see_classes(TRUTH * 0, TRUTH, TRUTH == 0)
    assert metric.compute() == {"iou": None, "right": 1.0, "building": None, "background": 1.0}
    assert all(value is None for value in Segmentation().compute().values())
