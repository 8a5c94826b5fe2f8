from __future__ import annotations

import json
from pathlib import Path

import pytest

from changen_cli.errors import StoreError
from changen_cli.options import build
from changen_cli.reproduce.plan import Table
from changen_cli.reproduce.results import Cell, read_line, read_scores
from tests.reproduce.conftest import Commands, step

SCORES = {"iou": 0.5, "f1": 0.75, "precision": None, "recall": 1.0}


def test_scores_have_the_papers_units(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"detectors": [SCORES]}))
    assert read_scores(file) == {"iou": 50.0, "f1": 75.0, "precision": None, "recall": 100.0}
    file.write_text(json.dumps({"figures": {"fid": {"value": 34.5}, "inception_score": {"absent": "few"}}}))
    assert read_scores(file) == {"fid": 34.5, "is": None}


def test_a_file_that_holds_no_scores(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    for text in ("{", "[1]", "{}", '{"detectors": []}', '{"detectors": [{"iou": 1}]}'):
        file.write_text(text)
        with pytest.raises(StoreError, match="delete it and run again"):
            read_scores(file)


def test_a_picture_score_that_is_not_there_has_a_reason(tmp_path: Path, commands: Commands) -> None:
    entry = {"title": "r", "detector": "1x96-r18", "start": "changen", "paper": {}}
    table = build(Table, {"name": "t", "title": "T", "columns": {"quality": ["fid"]}, "rows": [entry]}, "t")
    done = step("q", "write", "{target}", json.dumps({"figures": {"frechet_inception": {"value": 3.0}}}))
    done.take(tmp_path, commands)
    line = read_line(table, table.rows[0], {"quality": done}, tmp_path, {})
    assert line.missing == ("q: no FID, which is of the published Inception network alone",)


def test_differences() -> None:
    assert Cell("f1", 88.4, 87.9).difference == 87.9 - 88.4
    assert Cell("f1", None, 87.9).difference is None
    assert Cell("f1", 88.4, None).difference is None


def test_a_line_says_why_figures_are_missing(tmp_path: Path, commands: Commands) -> None:
    entry = {"title": "r", "detector": "1x96-r18", "start": "scratch", "paper": {"levir-5": [1.0], "levir-100": [2.0]}}
    columns = {"levir-5": ["f1"], "levir-100": ["f1"]}
    table = build(Table, {"name": "t", "title": "T", "columns": columns, "rows": [entry]}, "t")
    done = step("a", "write", "{target}", json.dumps({"detectors": [SCORES]}))
    done.take(tmp_path, commands)
    bad, lacks, later = step("b", "fail"), step("c", lacking=("no data",)), step("d")
    for other, reason in ((bad, "it broke"), (lacks, "no data"), (later, "d: not made yet")):
        steps = {"levir-5": done, "levir-100": other}
        line = read_line(table, table.rows[0], steps, tmp_path, {bad.full_name: "it broke"})
        assert line.cells == {"levir-5": (Cell("f1", 1.0, 75.0),), "levir-100": (Cell("f1", 2.0, None),)}
        assert line.missing == (reason,)


def test_a_row_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    entry = {"title": "r", "absent": "no such backbone", "paper": {"levir-5": [1.0]}}
    table = build(Table, {"name": "t", "title": "T", "columns": {"levir-5": ["f1"]}, "rows": [entry]}, "t")
    line = read_line(table, table.rows[0], {}, tmp_path, {})
    assert line.missing == ("r: no such backbone",)
    assert line.cells["levir-5"] == (Cell("f1", 1.0, None),)
