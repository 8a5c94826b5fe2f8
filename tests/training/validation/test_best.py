from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import pytest

from changen_cli.errors import TrainingError
from changen_cli.metrics.base import Column, Role
from changen_cli.training.run.checkpoint import LAST
from changen_cli.training.validation.best import BEST, BestSoFar, ValidationLog, read_validations

AGREEMENT = ("agreement_created", "agreement_removed", "agreement_kept")
COLUMNS = ("kernel_lite0", *AGREEMENT, "leakage")


def figures(distance: float, agreement: float, **given: float) -> dict[str, float]:
    """Created, removed and kept differ; their mean is ``agreement``."""
    parts = dict(zip(AGREEMENT, (agreement - 0.1, agreement - 0.2, agreement + 0.3), strict=True))
    return {"kernel_lite0": distance, **parts, "leakage": 0.5} | given


def picked(*rows: tuple[float, float]) -> list[bool]:
    best = BestSoFar(COLUMNS)
    return [best.consider(number, figures(*row)) for number, row in enumerate(rows, 1)]


def test_among_those_that_show_their_labels_the_distance_decides() -> None:
    assert picked((2.0, 0.5), (1.5, 0.49), (1.6, 0.5), (1.4, 0.481)) == [True, True, False, True]


def test_a_small_distance_without_labels_does_not_win() -> None:
    assert picked((2.0, 0.5), (0.1, 0.47)) == [True, False]


def test_a_best_that_is_no_longer_eligible_gives_way() -> None:
    # the second is far better at its labels, so its distance does not count against it, nor does the first's after it
    assert picked((1.0, 0.5), (3.0, 0.6), (2.9, 0.59), (1.0, 0.5)) == [True, True, True, False]


def test_agreement_that_rises_slowly_moves_the_bar_and_not_the_best() -> None:
    # 0.515 and 0.53 lift the bar step by step until the first falls below it
    assert picked((1.0, 0.5), (2.0, 0.515), (2.0, 0.53)) == [True, False, True]


def test_of_equals_the_earlier_stays() -> None:
    assert picked((1.0, 0.5), (1.0, 0.5), (1.0000001, 0.5), (0.9999999, 0.5)) == [True, False, False, False]


@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_what_is_no_number_never_wins_and_moves_no_bar(lost: float) -> None:
    best = BestSoFar(COLUMNS)
    assert not best.consider(1, figures(lost, 0.9))
    assert not best.consider(2, figures(1.0, 0.9, agreement_kept=math.nan))
    assert best.iteration is None
    assert best.consider(3, figures(1.0, 0.5))
    assert not best.consider(4, figures(-lost, 0.9))
    assert best.consider(5, figures(0.9, 0.49, leakage=math.nan))
    assert best.iteration == 5


def test_a_distance_below_zero_is_smaller() -> None:
    assert picked((0.01, 0.5), (-0.01, 0.5)) == [True, True]


def test_without_agreement_the_distance_decides_and_kid_comes_first() -> None:
    best = BestSoFar(["fid", "kid", "kernel_lite0"])
    rows = ({"kernel_lite0": 1, "fid": 9, "kid": 0.5}, {"kernel_lite0": 2, "fid": 9, "kid": 0.4},
            {"kernel_lite0": 0, "fid": 1, "kid": 0.6})  # fmt: skip
    assert [best.consider(n, row) for n, row in enumerate(rows)] == [True, True, False]
    assert best.rule == "the smallest kid"
    assert BestSoFar(["kernel_inception", "kernel_lite0"]).rule == "the smallest kernel_inception"


def test_without_a_distance_the_agreement_decides() -> None:
    best = BestSoFar(["agreement_created", "agreement_kept"])
    rows = [{"agreement_created": a, "agreement_kept": 0.5} for a in (0.3, 0.31, 0.305)]
    assert [best.consider(n, row) for n, row in enumerate(rows)] == [True, True, False]
    assert best.rule == "the highest mean label agreement"


def test_a_segmenter_is_judged_by_its_overlap() -> None:
    best = BestSoFar(["iou", "right"])
    rows = [{"iou": 0.4, "right": 0.9}, {"iou": 0.5, "right": 0.8}, {"iou": 0.45, "right": 0.95}]
    assert [best.consider(n, row) for n, row in enumerate(rows)] == [True, True, False]
    assert (best.iteration, best.values, best.rule) == (1, rows[1], "the highest iou")


def test_nothing_to_judge_by() -> None:
    best = BestSoFar(["leakage"])
    assert not best.consider(1, {"leakage": 0.1})
    assert best.rule.startswith("none: it needs a segmenter")


def test_the_rule_in_words() -> None:
    assert BestSoFar(COLUMNS).rule == (
        "the smallest kernel_lite0 with a mean label agreement within 0.02 of the highest so far"
    )


# The log.

SERIES = [(2.0, 0.5), (1.50000049, 0.49), (1.5000001, 0.495), (3.0, 0.56), (2.5, 0.541), (2.4, math.nan)]


def write(folder: Path, first: int, last: int, done: int) -> list[bool]:
    """Validates at 10, 20 ... as a run does that has ``done`` iterations; returns which were best."""
    found = []
    with ValidationLog(folder, done, COLUMNS) as log:
        for number in range(first, last):
            row = figures(*SERIES[number])
            found.append(log.best.consider(10 * (number + 1), row))
            log.write(10 * (number + 1), row, best=found[-1])
    return found


def test_names() -> None:
    assert (LAST, BEST) == ("last.ckpt", "best.ckpt")


def test_rows_are_on_the_disk_at_once(tmp_path: Path) -> None:
    with ValidationLog(tmp_path, 0, COLUMNS) as log:
        log.write(10, figures(1 / 3, 0.5), best=True)
        with (tmp_path / "validation.csv").open(newline="") as file:
            header, row = csv.reader(file)
        assert header == ["iteration", *COLUMNS, "best"]
        assert row == ["10", "0.333333", "0.4", "0.3", "0.8", "0.5", "1"]
    columns, (read,) = read_validations(tmp_path / "validation.csv")
    assert columns == COLUMNS
    assert (read.iteration, read.best, read.figures["kernel_lite0"]) == (10, True, 0.333333)
    assert list((tmp_path / "tensorboard" / "validation").glob("events*"))


@pytest.mark.parametrize("stopped", range(1, len(SERIES)))
@pytest.mark.parametrize("lost", [0, 1])
def test_a_run_that_stopped_goes_on_as_if_it_had_not(tmp_path: Path, stopped: int, lost: int) -> None:
    """``lost`` validations came after the last checkpoint, and come again."""
    whole = write(_made(tmp_path / "whole"), 0, len(SERIES), 0)
    assert whole == [True, True, False, True, True, False]
    folder = _made(tmp_path / "parts")
    first = write(folder, 0, stopped, 0)
    done = 10 * (stopped - lost)
    rest = write(folder, stopped - lost, len(SERIES), done)
    assert first[: stopped - lost] + rest == whole
    paths = [tmp_path / name / "validation.csv" for name in ("whole", "parts")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert not list(folder.glob("*.tmp"))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_rows_that_were_cut_short_are_dropped(tmp_path: Path) -> None:
    write(tmp_path, 0, 2, 0)
    with (tmp_path / "validation.csv").open("a") as file:
        file.write("30,1.0,0.5,0.2,0.1,0.5,\n30,1.0,0.5,0.2,x,0.5,1\n30,1.0,0.5")
    assert [row.iteration for row in read_validations(tmp_path / "validation.csv")[1]] == [10, 20]
    with ValidationLog(tmp_path, 100, COLUMNS) as log:
        assert log.best.iteration == 20
        assert log.best.values["kernel_lite0"] == 1.5
    assert (tmp_path / "validation.csv").read_text().count("\n") == 3


def test_a_kill_while_the_log_is_opened_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 0, 3, 0)
    before = (tmp_path / "validation.csv").read_bytes()

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        ValidationLog(tmp_path, 10, COLUMNS)
    assert (tmp_path / "validation.csv").read_bytes() == before


def test_other_figures_cannot_go_on(tmp_path: Path) -> None:
    write(tmp_path, 0, 1, 0)
    with pytest.raises(TrainingError, match=r"validation\.csv: has other figures.*\(leakage\).*delete the file"):
        ValidationLog(tmp_path, 10, COLUMNS[:-1])
    with pytest.raises(TrainingError, match="their order"):
        ValidationLog(tmp_path, 10, COLUMNS[::-1])
    with ValidationLog(tmp_path, 5, ["iou"]) as log:  # nothing is left of the run that had them
        assert log.best.iteration is None


def test_no_log_and_another_file(tmp_path: Path) -> None:
    assert read_validations(tmp_path / "validation.csv") == ((), [])
    (tmp_path / "validation.csv").touch()
    assert read_validations(tmp_path / "validation.csv") == ((), [])
    (tmp_path / "validation.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TrainingError, match="not a log of validations"):
        read_validations(tmp_path / "validation.csv")
    with pytest.raises(TrainingError, match="cannot be read"):
        read_validations(tmp_path)


def test_a_metric_of_somebody_elses_decides_by_its_role() -> None:
    declared = {
        "distance": Column("distance", "value", "distance", role=Role.DISTANCE),
        "shown": Column("shown", "value", "shown", role=Role.AGREEMENT),
        "kid": Column("kid", "value", "kid"),
    }
    best = BestSoFar(["kid", "distance", "shown"], declared)
    assert best.rule == "the smallest distance with a mean label agreement within 0.02 of the highest so far"
    rows = [{"kid": 1, "distance": d, "shown": s} for d, s in ((2.0, 0.5), (1.0, 0.4), (1.5, 0.49))]
    assert [best.consider(n, row) for n, row in enumerate(rows)] == [True, False, True]
