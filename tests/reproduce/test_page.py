from __future__ import annotations

import json

from changen_cli.reproduce.page import TINY, as_json, as_markdown, header, missing, rows
from changen_cli.reproduce.plan import read_table
from changen_cli.reproduce.results import Cell, Line

TABLE = read_table("table3")
PAPER = [Cell("fid", 34.74, 35.0), Cell("is", 5.41, None)], [Cell("iou", 79.3, 78.25), Cell("f1", None, 88.0)]
LINE = Line(TABLE.rows[0], {"quality": tuple(PAPER[0]), "levir-5": tuple(PAPER[1])}, ("no file", "no data"))


def test_figures_stand_beside_the_papers() -> None:
    assert header(TABLE)[1:3] == ["xView2 hold: FID", "xView2 hold: IS"]
    wanted = ["Masked transition layer", "34.74 / 35.00 (+0.26)", "5.41 / -", "79.3 / 78.2 (-1.0)", "- / 88.0"]
    assert rows([LINE]) == [wanted]
    assert missing([LINE, LINE]) == ["no file", "no data"]


def test_what_is_tiny_says_so_in_its_title() -> None:
    real, small = (as_markdown(TABLE, [LINE], tiny=tiny, about=["a picture"]) for tiny in (False, True))
    assert real.startswith(f"# {TABLE.title}\n")
    assert small.startswith(f"# {TINY}{TABLE.title}\n")
    assert "The figures mean nothing." in small
    assert "mean nothing" not in real
    assert "## What is missing\n\n- no file\n- no data\n" in real
    assert real.endswith("a picture\n")
    assert json.loads(as_json(TABLE, [LINE], tiny=True))["title"].startswith("TINY")


def test_json_has_the_numbers() -> None:
    values = json.loads(as_json(TABLE, [LINE], tiny=False))
    assert values["rows"][0]["figures"]["quality"] == {
        "fid": {"paper": 34.74, "ours": 35.0},
        "is": {"paper": 5.41, "ours": None},
    }
    assert values["rows"][0]["missing"] == ["no file", "no data"]
