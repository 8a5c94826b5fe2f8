from __future__ import annotations

from changen_cli.metrics.detection.results import DetectionReport, DetectorResult
from changen_cli.metrics.detection.scores import ChangeScores, all_change
from changen_cli.reports.detection_table import event_header, event_rows, score_rows, title_of


def test_what_cannot_be_had_is_a_dash() -> None:
    result = DetectorResult("mine", "detector", "", ChangeScores().compute())
    report = DetectionReport({}, (result,), all_change(None))
    assert score_rows(report) == [["mine", *["-"] * 7], ["all change", *["-"] * 7]]
    assert event_header(report) == []
    assert event_rows(report) == []


def test_a_comparison_of_two_dates_is_called_so() -> None:
    assert title_of(DetectorResult("mine", "detector", "", {})) == "mine"
    assert title_of(DetectorResult("mine", "post-classification", "", {})) == "mine, post-classification"
