from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.reproduce.budget import as_lines, disk, estimate, gpu_hours
from tests.reproduce.conftest import Commands, step

TRAIN = {"what": "train a detector", "which": "changestar-resnet18", "count": 1_800_000}


def test_hours_are_arithmetic_at_peak_times_what_memory_costs() -> None:
    hours, how = gpu_hours(TRAIN)
    assert hours == pytest.approx(1_800_000 * 3 * 2 * 16.3e9 / 989e12 * 3.14 / 3600)
    assert how == "1,800,000 pairs of 256 px x 3 x 16.3 GMAC at 989 TFLOP/s x 3.14 for memory"
    assert gpu_hours({"what": "train a generator", "count": 3_200_000})[0] == pytest.approx(
        100_000 * 0.0562 / 3600, 1e-3
    )
    assert gpu_hours({"what": "generate", "which": "changen", "count": 90_000})[0] > 0
    assert gpu_hours({"what": "generate", "which": "copy-paste", "count": 90_000})[0] == 0
    assert gpu_hours({})[0] == 0


def test_disk() -> None:
    assert disk({"what": "generate", "which": "copy", "count": 1000}) == 1000 * 2**20
    assert disk(TRAIN) == pytest.approx(16.4e6 * 4 * 3)
    assert disk({}) == 0


def test_a_budget_counts_each_step_once_and_nothing_that_is_done(tmp_path: Path, commands: Commands) -> None:
    base = step("base", cost=TRAIN)
    tops = [step(name, cost=TRAIN, after={"x": base}, lacking=("no data",)) for name in ("a", "b")]
    one = gpu_hours(TRAIN)[0]
    budget = estimate(tops, tmp_path, {"LEVIR-CD": 4.0})
    assert budget.hours == pytest.approx(3 * one)
    base.take(tmp_path, commands)
    budget = estimate(tops, tmp_path, {"LEVIR-CD": 4.0})
    assert budget.hours == pytest.approx(2 * one)
    lines = as_lines(budget, "T")
    assert lines[0] == "T: calculated by the data sheet of one H100, not measured"
    assert any(line.startswith("  base: done") for line in lines)
    assert "download: 4 GB; LEVIR-CD 4" in lines
    assert lines[-1] == "missing: no data"
