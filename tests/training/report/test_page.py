from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from changen_cli.errors import TrainingError
from changen_cli.reports.pictures import write_picture
from changen_cli.training.report.options import ReportOptions
from changen_cli.training.report.page import figures_of, render_report, write_report
from changen_cli.training.run.log import Row


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    with (folder / "losses.csv").open("w", newline="") as file:
        header = ["iteration", "seconds", "images_per_second", "g_loss", "d_right"]
        csv.writer(file).writerows([header, *([10 * n, 60 * n, 5, 1 / n, 0.5] for n in range(1, 31))])
    with (folder / "validation.csv").open("w", newline="") as file:
        lines = [[100, 4, 0.3, 1], [200, 2, 0.2, 1], [300, 3, 0.1, 0]]
        csv.writer(file).writerows([["iteration", "kernel_lite0", "drift_ssim", "best"], *lines])
    (folder / "config.yaml").write_text("model: changen\niterations: 400\ncrops:\n  size: 128\n  scale: [0.5, 2]\n")
    for iteration in range(0, 301, 10):
        write_picture(folder / f"sheets/{iteration:06d}.png", np.full((8, 12, 3), iteration % 256, np.uint8))
    return folder


def test_a_page_has_everything_inside(run: Path) -> None:
    page = render_report(run, 4)
    HTMLParser().feed(page)
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    for words in (
        "Training run mine",
        "300 of 400 iterations",
        "0:30:00 of training",
        "5 images/s",
        "iteration 200",
        "kernel_lite0",
        "drift_ssim",
        "g_loss",
        "share of pixels",
        "crops.scale",
        "[0.5, 2]",
    ):
        assert words in page, words
    found = re.search(r'id="sheets">(.*?)</script>', page)
    assert found is not None
    assert [sheet["iteration"] for sheet in json.loads(found[1])] == [0, 100, 200, 300]
    assert page.count("<polyline") == 2 + 3 * 2


def test_figures_at_the_first_the_best_and_the_last() -> None:
    rows = [Row(100, {"kernel_lite0": 4.0, "x": 0.5}), Row(200, {"kernel_lite0": 2.0, "x": np.nan})]
    kernel, unknown = figures_of(["kernel_lite0", "x"], rows, rows[0])
    assert (kernel["first"], kernel["best"], kernel["last"], kernel["top"]) == ("4", "4", "2", "2")
    assert (unknown["title"], unknown["last"], unknown["top"]) == ("", "-", "-")
    assert figures_of(["x"], [], None) == []


def test_a_run_that_has_only_begun(run: Path) -> None:
    for name in ("validation.csv", "config.yaml", "sheets"):
        (run / name).rename(run / f"no-{name}")
    (run / "losses.csv").write_text("iteration,seconds,images_per_second,g_loss\n")
    page = render_report(run)
    assert "There is no validation" in page
    assert '<input id="when"' not in page


def test_what_is_no_run_or_cannot_be_read(run: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="give the folder of a training run"):
        render_report(tmp_path)
    (run / "config.yaml").write_text("a: [")
    with pytest.raises(TrainingError, match=r"config\.yaml: the recipe cannot be read"):
        render_report(run)
    (run / "config.yaml").unlink()
    (run / "sheets/000300.png").write_bytes(b"no picture")
    with pytest.raises(TrainingError, match=r"000300\.png: the sheet cannot be read"):
        write_report(ReportOptions(str(run)))
    assert not (run / "report.html").exists()
