from __future__ import annotations

import numpy as np
import pytest

from changen_cli.training.report.charts import POINTS, loss_panel, metric_panel
from changen_cli.training.run.log import Row


def test_a_loss_lies_in_its_panel_and_a_spike_presses_nothing_flat() -> None:
    x = np.arange(1.0, 5001)
    y = 1 / np.sqrt(x)
    y[2500], y[2600] = 1e6, np.nan
    panel = loss_panel("g_loss", (x, y), 5000)
    assert panel is not None
    assert (panel.title, panel.unit, panel.marked) == ("g_loss", "loss", False)
    assert panel.high < 2
    for points in (panel.values, panel.smooth):
        assert 0 < len(points) <= POINTS
        assert all(0 <= a <= 1 and 0 <= b <= 1 for a, b in points)
        assert [a for a, _ in points] == sorted(a for a, _ in points)
    assert max(b for _, b in panel.values) == 1  # the spike, at the edge
    assert panel.smooth[0][1] > panel.smooth[-1][1]


def test_a_metric_is_a_point_for_each_validation() -> None:
    rows = [Row(50, {"kernel_lite0": 4.0}), Row(100, {"kernel_lite0": np.nan}), Row(200, {"kernel_lite0": 2.0})]
    panel = metric_panel("kernel_lite0", rows, 200)
    assert panel is not None
    assert "lower is better" in panel.unit
    assert panel.marked
    assert [a for a, _ in panel.values] == [0.25, 1]
    low, high = panel.low, panel.high
    assert [low + b * (high - low) for _, b in panel.values] == pytest.approx([4, 2], abs=0.001)


def test_nothing_to_draw() -> None:
    nothing = np.full(3, np.nan)
    assert loss_panel("a", (np.arange(3.0), nothing), 3) is None
    assert metric_panel("a", [Row(1, {"a": np.inf})], 3) is None
    flat = metric_panel("a", [Row(1, {"a": 0.0})], 1)
    assert flat is not None
    assert flat.low < 0 < flat.high
