from __future__ import annotations

import json
import runpy
from pathlib import Path

from tests.commands import Changen

MAKE = str(Path(__file__).parents[1] / "data" / "make_pairs.py")


def test_what_is_not_whole_is_listed(changen: Changen, tmp_path: Path) -> None:
    root = runpy.run_path(MAKE)["make_levir"](tmp_path / "LEVIR-CD")
    done = changen("data", "check", root, "--quiet")
    assert done.code == 1
    assert done.out.startswith(f"{root}: LEVIR-CD, not whole: ")
    assert "  get LEVIR-CD from https://justchenhao.github.io/LEVIR/" in done.out
    assert done.err == ""


def test_json(changen: Changen, tmp_path: Path) -> None:
    runpy.run_path(MAKE)["make_levir_plus"](tmp_path)
    done = changen("data", "check", tmp_path, "--json")
    assert done.code == 0
    (report,) = json.loads(done.out)
    assert (report["name"], report["whole"], report["found"]) == ("levir-cd+", True, {"train": 3, "test": 2})


def test_a_folder_without_any(changen: Changen, tmp_path: Path) -> None:
    done = changen("data", "check", tmp_path)
    assert done.code == 2
    assert "holds none of LEVIR-CD" in done.error


def test_the_list(changen: Changen) -> None:
    done = changen("data", "list")
    assert "S2Looking: train 3500, val 500, test 1000; about 31.5 GB" in done.out
    assert "  not verified: names of the folders" in done.out
    assert done.out.count("  not verified: ") == 5
    assert {one["name"] for one in json.loads(changen("data", "list", "--json").out)} >= {"levir-cd", "xview2"}
