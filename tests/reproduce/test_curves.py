from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.errors import TrainingError
from changen_cli.reproduce.curves import draw_curves, read_curve


def test_a_curve_is_over_200_epochs_in_percent(tmp_path: Path) -> None:
    (tmp_path / "validation.csv").write_text("iteration,change_f1,best\n280,0.5,1\n5600,0.75,1\n")
    assert read_curve(tmp_path) == [(10.0, 50.0), (200.0, 75.0)]


def test_a_run_without_one(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has no F1"):
        read_curve(tmp_path)


def test_curves_are_drawn(tmp_path: Path) -> None:
    curves = {(row, part): [(10.0, 50.0), (200.0, 75.0)] for row in ("a", "b") for part in ("5 %", "100 %")}
    draw_curves(curves, "Figure 6", tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
