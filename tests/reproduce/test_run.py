from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from changen_cli.errors import UsageError
from changen_cli.reproduce.options import ReproduceOptions
from changen_cli.reproduce.run import plan, reckon, reproduce, run_changen
from tests.reporting import Heard


def options(tmp_path: Path, table: str = "table5", **values: object) -> ReproduceOptions:
    given = {"data_root": str(tmp_path / "data"), "output": str(tmp_path / "out"), "device": "cpu", **values}
    return ReproduceOptions(table, **given)  # type: ignore[arg-type]


def refused(words: Sequence[str], log: Path) -> tuple[int, str]:
    raise AssertionError(f"there is no data for {words}, {log}")


def test_without_data_the_table_says_what_is_missing(tmp_path: Path) -> None:
    found = reproduce(options(tmp_path), Heard(), run=refused)
    assert [path.name for path in found.files] == ["table5.md", "table5.json"]
    text = found.files[0].read_text()
    assert "| Changen | 79.3 / - | 88.4 / - |" in text
    assert "get LEVIR-CD from https://justchenhao.github.io/LEVIR/" in text
    assert "TINY" not in text
    rows = json.loads(found.files[1].read_text())["rows"]
    assert rows[-1]["figures"]["levir-5"]["f1"] == {"paper": 88.4, "ours": None}


def test_figures_without_runs_draw_nothing(tmp_path: Path) -> None:
    found = reproduce(options(tmp_path, "figure6", tiny=True), Heard(), run=refused)
    assert [path.name for path in found.files] == ["figure6-tiny.md", "figure6-tiny.json"]
    assert found.files[0].read_text().startswith("# TINY, no figures of the table: Figure 6.")


def test_a_budget_names_what_is_to_be_downloaded(tmp_path: Path) -> None:
    table, budget = reckon(options(tmp_path, "table7"))
    assert table.name == "table7"
    assert set(budget.downloads) == {"S2Looking", "xView2 (xBD)"}
    assert budget.hours > 1
    with pytest.raises(UsageError, match="leave --tiny out"):
        reckon(options(tmp_path, tiny=True))


def test_rows_that_cannot_be_made_have_no_steps(tmp_path: Path) -> None:
    table, steps, _ = plan(options(tmp_path, "table6"))
    assert [row.title for row, found in zip(table.rows, steps, strict=True) if not found] == [
        "BiT, ViTAEv2-S, ImageNet"
    ]


def test_commands_run_in_processes_of_their_own(tmp_path: Path) -> None:
    code, printed = run_changen(["--version"], tmp_path / "logs" / "a.log")
    assert (code, printed.split()[0]) == (0, "changen")
    code, _ = run_changen(["verify", str(tmp_path / "nothing")], tmp_path / "logs" / "a.log")
    assert code == 2
    said = (tmp_path / "logs" / "a.log").read_text()
    assert said.startswith("$ changen --version\n$ changen verify ")
    assert "changen: error: " in said
