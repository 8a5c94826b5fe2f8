from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from changen_cli.metrics.detection.results import DetectionReport, DetectorResult, LearningCurves, SeenPair
from changen_cli.metrics.detection.scores import ChangeScores, all_change
from changen_cli.pairs.base import ChangePair
from changen_cli.reports.detection_page import charts_of, render_page, seen_row, write_report
from changen_cli.reports.detection_table import HEADER, event_header, event_rows, score_rows
from changen_cli.reports.pictures import FALSE, FOUND, MISSED, UNKNOWN


@pytest.fixture(scope="module")
def report() -> DetectionReport:
    draw = np.random.default_rng(0)
    change = (draw.random((20, 24)) < 0.3).astype(np.uint8)
    probability = (0.5 * change + 0.6 * draw.random(change.shape)).clip(0, 1).astype(np.float32)
    valid = np.ones(change.shape, bool)
    valid[0] = False
    scores = ChangeScores(0.5, ("create",))
    scores.see(probability, change, valid, change)
    image = draw.integers(0, 255, (3, 20, 24)).astype(np.uint8)
    seen = SeenPair(ChangePair("a<b", image, image, change, valid), 0.75, probability)
    results = (
        DetectorResult("mine", "detector", "0", scores.compute(), scores.curve(), {"best": [seen], "worst": [seen]}),
        DetectorResult("segmenter", "post-classification", "1", scores.compute(), scores.curve(), {}),
    )
    about = {
        "changen": "0", "data": "pairs/", "name": "pairs", "split": "test", "pairs": 2, "pairs_in_data": 9,
        "limit": 2, "pixels": 456, "changed": scores.compute()["changed"], "threshold": 0.5,
    }  # fmt: skip
    learning = LearningCurves("run", {"f1": [(10.0, 0.2), (40.0, 0.6)]})
    return DetectionReport(about, results, all_change(scores.compute()["changed"]), (learning,))


def test_the_folder_has_a_page_and_the_numbers(report: DetectionReport, tmp_path: Path) -> None:
    write_report(tmp_path / "new", report)
    assert json.loads((tmp_path / "new/detection.json").read_text())["detectors"][0]["name"] == "mine"
    assert (tmp_path / "new/index.html").read_text(encoding="utf-8") == render_page(report)


def test_the_page_needs_nothing_else_and_shows_everything(report: DetectionReport) -> None:
    page = render_page(report)
    HTMLParser().feed(page)
    assert 'src="http' not in page
    assert page.count("data:image/png;base64,") == 2
    for words in (
        "segmenter, post-classification",
        "all change",
        "a&lt;b: F1 0.750",
        "Best",
        "Worst",
        "Learning of run",
        "Recall by event",
        "create",
        "spread evenly over its 9",
    ):
        assert words in page, words
    lines = re.findall(r'points="([^"]+)"', page)
    assert len(lines) == 2 + 1 + 1
    for line in lines:
        for point in line.split():
            x, y = map(float, point.split(","))
            assert 52 <= x <= 412
            assert 10 <= y <= 260


def test_charts(report: DetectionReport) -> None:
    first, second = charts_of(report)
    assert [line.title for line in first.lines] == ["mine", "segmenter, post-classification", "every pixel changed"]
    assert first.lines[-1].dashed
    assert (second.across, second.lines[0].title) == (40.0, "f1")
    assert charts_of(DetectionReport(report.about, (), {})) == []


def test_a_pair_is_drawn_as_it_was_detected() -> None:
    change = np.array([[1, 1, 0, 0, 1]], np.uint8)
    probability = np.array([[0.9, 0.1, 0.9, 0.1, 0.9]], np.float32)
    valid = np.array([[True, True, True, True, False]])
    image = np.full((3, 1, 5), 7, np.uint8)
    row = seen_row(SeenPair(ChangePair("a", image, image + 1, change, valid), 0.5, probability), 0.5)
    before, after, label, grey, found = row
    assert before is not None
    assert after is not None
    assert label is not None
    assert grey is not None
    assert found is not None
    assert (before[0, 0, 0], after[0, 0, 0]) == (7, 8)
    assert label[0, :, 0].tolist() == [255, 255, 0, 0, 255]
    assert grey[0, :, 1].tolist() == [230, 26, 230, 26, 230]
    assert [tuple(pixel) for pixel in found[0].tolist()] == [FOUND, MISSED, FALSE, (0, 0, 0), UNKNOWN]


def test_tables(report: DetectionReport) -> None:
    rows = score_rows(report)
    assert [len(row) for row in rows] == [len(HEADER)] * 3
    assert rows[0][1:] == rows[1][1:]
    assert rows[2][0] == "all change"
    assert rows[2][HEADER.index("recall")] == "1.000"
    assert rows[2][HEADER.index("at")] == "-"
    assert event_header(report) == ["recall, and at best F1", "create"]
    assert [row[0] for row in event_rows(report)] == ["mine", "segmenter, post-classification"]
