from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import pytest

from changen_cli.errors import TrainingError
from changen_cli.training.run.log import MetricLog, read_log

COLUMNS = ("seconds", "g_loss", "best")


def values(number: float) -> dict[str, float]:
    return {name: number + k for k, name in enumerate(COLUMNS)}


def open_log(folder: Path, done: int, columns: tuple[str, ...] = COLUMNS) -> MetricLog:
    return MetricLog(folder / "losses.csv", columns, done, folder / "tensorboard")


def lines(folder: Path) -> list[list[str]]:
    with (folder / "losses.csv").open(newline="") as file:
        return list(csv.reader(file))


def test_rows_are_on_the_disk_as_soon_as_they_are_written(tmp_path: Path) -> None:
    with open_log(tmp_path, 0) as log:
        log.write(10, {"seconds": 1 / 3, "g_loss": math.nan, "best": True})
        assert lines(tmp_path) == [["iteration", *COLUMNS], ["10", "0.333333", "nan", "1"]]
    assert list(tmp_path.glob("tensorboard/events*"))
    columns, (row,) = read_log(tmp_path / "losses.csv")
    assert columns == COLUMNS
    assert (row.iteration, row.values["seconds"], row.values["best"]) == (10, 0.333333, 1.0)


def test_rows_beyond_the_checkpoint_and_broken_rows_are_dropped(tmp_path: Path) -> None:
    with open_log(tmp_path, 0) as log:
        for iteration in (1, 2, 3, 4):
            log.write(iteration, values(iteration))
    with (tmp_path / "losses.csv").open("a") as file:
        file.write("5,1.0,x,2\n5,1.0,2")  # no number; cut short by a kill
    with open_log(tmp_path, 2) as log:
        assert [row.iteration for row in log.rows] == [1, 2]
        log.write(3, values(7))
    assert [row[0] for row in lines(tmp_path)] == ["iteration", "1", "2", "3"]
    assert lines(tmp_path)[3][1] == "7"
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("stopped", [1, 3, 5])
@pytest.mark.parametrize("lost", [0, 1])
def test_a_run_that_stopped_ends_with_the_bytes_of_one_that_did_not(tmp_path: Path, stopped: int, lost: int) -> None:
    """``lost`` rows came after the last checkpoint, and come again."""
    for folder, parts in ((tmp_path / "whole", [(0, 6)]), (tmp_path / "parts", [(0, stopped), (stopped - lost, 6)])):
        for first, last in parts:
            with open_log(folder, first) as log:
                for number in range(first, last):
                    log.write(number + 1, values(1.00000049 * number))
    assert (tmp_path / "whole" / "losses.csv").read_bytes() == (tmp_path / "parts" / "losses.csv").read_bytes()


def test_a_kill_while_the_log_is_opened_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_log(tmp_path, 0) as log:
        log.write(1, values(1))
    before = lines(tmp_path)

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        open_log(tmp_path, 1)
    assert lines(tmp_path) == before


def test_other_columns_cannot_go_on(tmp_path: Path) -> None:
    with open_log(tmp_path, 0) as log:
        log.write(10, values(1))
    with pytest.raises(TrainingError, match=r"losses\.csv: has other columns.*\(best\).*delete the file"):
        open_log(tmp_path, 10, COLUMNS[:-1])
    with pytest.raises(TrainingError, match="their order"):
        open_log(tmp_path, 10, COLUMNS[::-1])
    with open_log(tmp_path, 5, ("iou",)) as log:  # nothing is left of the run that had them
        assert log.rows == []


def test_no_log_and_another_file(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    assert read_log(path) == ((), [])
    path.touch()
    assert read_log(path) == ((), [])
    path.write_text("a,b\n1,2\n")
    with pytest.raises(TrainingError, match="not a log"):
        read_log(path)
    with pytest.raises(TrainingError, match="cannot be read"):
        read_log(tmp_path)
