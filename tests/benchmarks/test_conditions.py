"""benchmarks/conditions.py: it times what it says, and prints a line for each condition."""

from __future__ import annotations

import time

import conditions
import pytest
import torch

from changen_cli.conditions.choose import make_conditions


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_processor_time_is_shared_out_over_tiles() -> None:
    assert conditions.seconds_a_tile(4, lambda: spin(0.08)) == pytest.approx(0.02, rel=0.3)
    assert conditions.seconds_a_tile(1, lambda: time.sleep(0.2)) < 0.05


def test_rounds_are_paired_and_the_first_is_left_out(one_thread: None) -> None:
    taken, yardstick = conditions.measure(make_conditions("registration"), torch.rand(2, 3, 64, 64), 3)
    assert len(taken) == len(yardstick) == 3
    assert min(taken) > 0


def test_a_line_has_median_best_and_ratio() -> None:
    line = conditions.describe("haze", [0.004, 0.002, 0.005], [0.0004, 0.0002, 0.0001])
    assert " ".join(line.split()) == "haze median 250, best 500 tiles a second and core; 10 multiplications"


def test_it_prints_every_condition(capsys: pytest.CaptureFixture[str]) -> None:
    before = torch.get_num_threads()
    conditions.main(["--conditions", "light=0.5,haze", "--tiles", "2", "--size", "32", "--rounds", "1"])
    first, *each, goal = capsys.readouterr().out.splitlines()
    assert first.startswith("all together")
    assert [line.split()[0] for line in each] == ["light", "haze"]
    assert goal.startswith("goal: 400")
    assert torch.get_num_threads() == before
