from __future__ import annotations

from changen_cli.scenes.footprints.base import Labels, NoLabels, OutlineSample, Report
from changen_cli.scenes.window import Window


def test_a_report_counts_what_was_dropped() -> None:
    report = Report(features=9, footprints=3, repaired=1, empty=1, not_polygons=2, zero_area=4)
    assert report.dropped == 7
    assert report.kept(2) == Report(9, 2, 1, 1, 2, 4)
    assert report.as_manifest() == {
        "features": 9,
        "footprints": 3,
        "repaired": 1,
        "empty": 1,
        "not_polygons": 2,
        "zero_area": 4,
        "tangled": 0,
        "repeated": 0,
    }


def test_no_labels_give_nothing() -> None:
    labels: Labels = NoLabels()
    assert labels.footprints(Window(0, 0, 8, 8)) == ()
    assert labels.outlines(4) == OutlineSample()
    assert labels.known_empty()
    assert (labels.report(), labels.kept_bytes) == (Report(), 0)
    assert labels.as_manifest() == {"kind": "none"}
    labels.close()
