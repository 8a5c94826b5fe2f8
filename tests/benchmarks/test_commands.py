"""What the long benchmarks share."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import cost_noted, drop_other_run, in_time, noted_seconds


def test_a_run_of_something_else_is_no_start(tmp_path: Path) -> None:
    run, cost = tmp_path / "looks-0.5-0", tmp_path / "looks-0.5-0.cost"

    def begin(key: dict[str, object]) -> list[str]:
        drop_other_run(run, cost, key)
        left = sorted(path.name for path in run.iterdir()) if run.is_dir() else []
        run.mkdir(exist_ok=True)
        (run / "last.ckpt").touch()
        with cost_noted(cost, iter([1.0, 3.5]).__next__):
            pass
        return left

    assert begin({"weights": ("a", 1)}) == []
    assert begin({"weights": ("a", 1)}) == ["last.ckpt"]
    assert noted_seconds(cost) == 5
    assert begin({"weights": ("b", 1)}) == []
    assert noted_seconds(cost) == 2.5


def test_nothing_is_begun_when_time_is_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(in_time("ab", 1)) == ["a", "b"]
    assert list(in_time("ab", -1)) == []
    assert capsys.readouterr().out == "time is up; the same command goes on\n"
