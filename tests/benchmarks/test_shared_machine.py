from __future__ import annotations

from pathlib import Path

import pytest
import shared_machine


def test_policies_take_turns_and_the_least_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seconds = iter([5.0, 4.0, 3.0, 6.0])
    asked: list[str] = []

    def run(words: list[str], policy: str) -> float:
        asked.append(policy)
        return next(seconds)

    monkeypatch.setattr(shared_machine, "time_command", run)
    assert shared_machine.measure(tmp_path, 2, 0) == {"ACTIVE": 3.0, "PASSIVE": 4.0}
    assert asked == ["ACTIVE", "PASSIVE"] * 2


def test_busy_processes_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_machine, "BUSY", "import time; time.sleep(60)")
    with shared_machine.beside(2) as nothing:
        assert nothing is None
