from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from changen_cli.training.run.log import TIMES, LossLog

NAMES = ("g_loss", "d_loss")
COLUMNS = (*TIMES, *NAMES)


def values(number: float) -> dict[str, float]:
    return {name: number + k for k, name in enumerate(COLUMNS[1:])}


def rows(folder: Path) -> list[list[str]]:
    with (folder / "losses.csv").open(newline="") as file:
        return list(csv.reader(file))


def test_rows_are_on_the_disk_as_soon_as_they_are_written(tmp_path: Path) -> None:
    with LossLog(tmp_path, 0, NAMES) as log:
        log.write(10, values(0.5))
        assert rows(tmp_path) == [list(COLUMNS), ["10", *(f"{0.5 + k:.6g}" for k in range(len(COLUMNS) - 1))]]
    assert list(tmp_path.glob("tensorboard/events*"))


def test_rows_beyond_the_checkpoint_and_broken_rows_are_dropped(tmp_path: Path) -> None:
    with LossLog(tmp_path, 0, NAMES) as log:
        for iteration in (1, 2, 3, 4):
            log.write(iteration, values(iteration))
    with (tmp_path / "losses.csv").open("a") as file:
        file.write("5,1.0,2")  # cut short by a kill
    with LossLog(tmp_path, 2, NAMES) as log:
        log.write(3, values(7))
    assert [row[0] for row in rows(tmp_path)] == ["iteration", "1", "2", "3"]
    assert rows(tmp_path)[3][1] == "7"
    assert not list(tmp_path.glob("*.tmp"))


def test_a_kill_while_the_log_is_opened_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LossLog(tmp_path, 0, NAMES) as log:
        log.write(1, values(1))
    before = rows(tmp_path)

    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        LossLog(tmp_path, 1, NAMES)
    assert rows(tmp_path) == before
