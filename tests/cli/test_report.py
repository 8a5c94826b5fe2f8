from __future__ import annotations

from pathlib import Path

from tests.commands import Changen


def test_a_run_has_a_page(changen: Changen, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "losses.csv").write_text("iteration,seconds,images_per_second,g_loss\n10,1,5,0.7\n20,2,5,0.6\n")
    done = changen("report", run)
    assert (done.code, done.out) == (0, f"{run / 'report.html'}\n"), done.err
    assert "g_loss" in (run / "report.html").read_text(encoding="utf-8")
    done = changen("report", run, "-o", tmp_path / "other.html", "--sheets", 0)
    assert (done.code, done.out) == (0, f"{tmp_path / 'other.html'}\n"), done.err


def test_what_is_no_run(changen: Changen, tmp_path: Path) -> None:
    done = changen("report", tmp_path)
    assert done.code == 2
    assert "give the folder of a training run" in done.error
    assert not (tmp_path / "report.html").exists()
    assert "must end in .html" in changen("report", tmp_path, "-o", "x.pdf").error
