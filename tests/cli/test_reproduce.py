from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from changen_cli.cli.reproduce import run_here
from tests.commands import Changen

MAKE = str(Path(__file__).parents[1] / "data" / "make_tables.py")


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = runpy.run_path(MAKE)["write_tables"](tmp_path_factory.mktemp("twins"))
    return root


@pytest.mark.slow
def test_a_table_is_made_whole_of_twins_and_not_made_again(
    changen: Changen, twins: Path, out: Path, one_thread: None
) -> None:
    words = ("reproduce", "table4", "--data-root", twins, "-o", out, "--tiny", "--device", "cpu")
    done = changen(*words)
    assert done.code == 0, done.err
    assert "TINY" in done.out
    values = json.loads((out / "table4-tiny.json").read_text())
    for row in values["rows"]:
        assert row["missing"] == []
        assert row["figures"]["levir-all"]["f1"]["ours"] is not None
    made = {path.name: path.stat().st_mtime_ns for path in (out / "steps").iterdir()}
    assert changen(*words, "--quiet").code == 0
    assert {path.name: path.stat().st_mtime_ns for path in (out / "steps").iterdir()} == made


def test_without_data_all_is_missing_and_said(changen: Changen, tmp_path: Path, out: Path) -> None:
    done = changen("reproduce", "5", "--data-root", tmp_path, "-o", out, "--quiet")
    assert done.code == 0
    assert "missing: xview2 is not in" in done.out
    assert "TINY" not in done.out


def test_the_budget(changen: Changen, tmp_path: Path, out: Path) -> None:
    done = changen("reproduce", "table5", "--data-root", tmp_path, "-o", out, "--dry-run")
    assert "GPU: 4.1 h at least" in done.out
    assert not out.exists()
    values = json.loads(changen("reproduce", "table5", "--data-root", tmp_path, "--dry-run", "--json").out)
    assert values["hours"] == pytest.approx(4.1, abs=0.1)
    assert changen("reproduce", "table9", "--data-root", tmp_path, "-o", out).code == 2


def test_a_command_in_this_process_has_its_code_and_output(tmp_path: Path) -> None:
    assert run_here(["--version"], tmp_path / "a.log")[1].startswith("changen ")
    code, _ = run_here(["verify", str(tmp_path / "nothing")], tmp_path / "a.log")
    assert code == 2
    assert "changen: error: " in (tmp_path / "a.log").read_text()
