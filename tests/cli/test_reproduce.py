from __future__ import annotations

import json
import runpy
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from changen_cli.cli.main import main
from changen_cli.cli.reproduce import run_here
from changen_cli.reproduce import plan
from tests.commands import Changen, Start

MAKE = str(Path(__file__).parents[1] / "data" / "make_tables.py")

KINDS = """
title: A row of each kind of start
columns: {levir-5: [iou, f1]}
curves: true
rows:
  - {title: generated, detector: 1x96-r18, start: changen, paper: {levir-5: [79.3, 88.4]}}
  - {title: single dates, detector: 1x96-r18, start: segmentation, paper: {}}
  - {title: a file, detector: 1x96-r18, start: seco, paper: {levir-5: [50.0, null]}}
"""

PICTURES = """
title: Pictures
columns: {quality: [fid, is]}
rows:
  - {title: pasted, detector: 1x96-r18, start: copy-paste, paper: {quality: [34.74, 5.41]}}
"""


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch_fidelity")
    root: Path = runpy.run_path(MAKE)["write_tables"](tmp_path_factory.mktemp("twins"))
    return root


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two more tables: the paper's have a dozen rows each, and these all kinds of steps."""
    folder = tmp_path_factory.mktemp("tables") / "tables"
    shutil.copytree(plan.TABLES, folder)
    (folder / "kinds.yaml").write_text(KINDS, encoding="utf-8")
    (folder / "pictures.yaml").write_text(PICTURES, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "TABLES", folder)
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, twins: Path, tables: None, one_thread: None) -> Path:
    """Both tables, made of the twins."""
    out = tmp_path_factory.mktemp("reproduced")
    for name in ("kinds", "pictures"):
        words = ["reproduce", name, "--data-root", twins, "-o", out, "--tiny", "--device", "cpu", "--quiet"]
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        assert stop.value.code == 0
    return out


@pytest.mark.slow
def test_every_kind_of_step_is_run_on_twins(made: Path) -> None:
    rows = json.loads((made / "kinds-tiny.json").read_text())["rows"]
    assert [row["start"] for row in rows] == ["changen", "segmentation", "seco"]
    for row in rows:
        assert row["missing"] == []
        assert None not in [score["ours"] for score in row["figures"]["levir-5"].values()]
    assert "![A row of each kind of start](kinds-tiny.png)" in (made / "kinds-tiny.md").read_text()
    kinds = {path.name.partition("-")[0] for path in (made / "steps").iterdir()}
    assert kinds >= {"series", "generator", "pretrain", "finetune", "quality"}


@pytest.mark.slow
def test_a_score_of_another_inception_is_no_fid_and_that_is_said(made: Path) -> None:
    (row,) = json.loads((made / "pictures-tiny.json").read_text())["rows"]
    assert row["figures"]["quality"]["fid"] == {"paper": 34.74, "ours": None}
    assert row["missing"][0] == "quality-copy-paste: no FID, which is of the published Inception network alone"
    (file,) = (made / "figures").glob("quality-*.json")
    assert "frechet_inception" in json.loads(file.read_text())["figures"]


@pytest.mark.slow
def test_what_is_done_is_not_done_again(changen: Changen, made: Path, twins: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (made / "steps").iterdir()}
    (made / "kinds-tiny.md").unlink()
    done = changen("reproduce", "kinds", "--data-root", twins, "-o", made, "--tiny", "--device", "cpu")
    assert done.code == 0
    assert done.out.startswith("TINY, no figures of the table: A row of each kind of start")
    assert " of 12: changen" not in done.err
    assert {path.name: path.stat().st_mtime_ns for path in (made / "steps").iterdir()} == before
    assert (made / "kinds-tiny.md").is_file()


@pytest.mark.slow
def test_a_terminated_run_goes_on_at_the_step_it_was_stopped_in(
    start: Start, changen: Changen, twins: Path, out: Path, one_thread: None
) -> None:
    words = ("reproduce", "table8", "--data-root", twins, "-o", out, "--tiny", "--device", "cpu")
    process = start(*words)
    deadline = time.monotonic() + 300
    while not list(out.glob("steps/*.json")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=300)
    assert process.returncode == 130
    assert not (out / "table8-tiny.md").exists()
    done = {path: path.read_bytes() for path in (out / "steps").iterdir()}
    assert 0 < len(done) < 10
    assert changen(*words).code == 0
    assert {path: path.read_bytes() for path in done} == done
    assert len(list((out / "steps").iterdir())) > len(done)


def test_without_data_all_is_missing_and_said(changen: Changen, tmp_path: Path, out: Path) -> None:
    done = changen("reproduce", "5", "--data-root", tmp_path, "-o", out, "--quiet")
    assert done.code == 0
    assert "missing: xview2 is not in" in done.out
    assert "get LEVIR-CD from https://justchenhao.github.io/LEVIR/" in done.out
    assert "TINY" not in done.out


def test_figures_stand_by_protocol(changen: Changen, tmp_path: Path, out: Path) -> None:
    done = changen("reproduce", "5", "--data-root", tmp_path, "-o", out, "--quiet")
    said = [line.rstrip() for line in done.out.splitlines()]
    assert said.index("5 % of LEVIR-CD") < said.index("100 % of LEVIR-CD")
    assert max(map(len, (line for line in said if line.startswith("│")))) <= 80
    assert any("ImageNet sup." in line and "85.2 / -" in line and "85.9 / -" in line for line in said)


def test_the_budget(changen: Changen, tmp_path: Path, out: Path) -> None:
    done = changen("reproduce", "table5", "--data-root", tmp_path, "-o", out, "--dry-run")
    assert "GPU: 4.1 h at least" in done.out
    assert not out.exists()
    values = json.loads(changen("reproduce", "table5", "--data-root", tmp_path, "--dry-run", "--json").out)
    assert values["hours"] == pytest.approx(4.1, abs=0.1)
    assert changen("reproduce", "table9", "--data-root", tmp_path, "-o", out).code == 2


def test_a_command_in_this_process_has_its_code_and_its_log(tmp_path: Path) -> None:
    assert run_here(["--version"], tmp_path / "a.log") == 0
    assert (tmp_path / "a.log").read_text().startswith("$ changen --version\nchangen ")
    assert run_here(["verify", str(tmp_path / "nothing")], tmp_path / "a.log") == 2
    assert "changen: error: " in (tmp_path / "a.log").read_text()
