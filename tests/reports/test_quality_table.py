from __future__ import annotations

from changen_cli.reports.quality_table import number, percent, summarize

EVENTS = {
    "changes": {"create": {"count": 5, "share": 1.0, "requested": 0.5}},
    "per_step": {"requested": [1, 2], "histogram": {"1": 3, "3": 1}, "below": 0, "above": 1},
    "shortfalls": [{"event": "create", "reason": "no room", "missing": 2}],
    "reasons_known": True,
    "changed_pixels": 0.031,
    "sizes": {
        "created": {"count": 5, "quantiles": {"5%": 10.0, "50%": 20.4, "95%": 31.0}},
        "series": {"count": 0, "quantiles": None},
        "reference": {"count": 0, "quantiles": None},
    },
}


def test_numbers() -> None:
    assert (number(None), number(1.23456), number(2.0, 1)) == ("-", "1.235", "2.0")
    assert (percent(None), percent(0.5)) == ("-", "50.0%")


def test_what_is_absent_for_one_reason_is_one_line() -> None:
    lines = summarize({"fid": {"absent": "no file"}, "kid": {"absent": "no file"}, "leakage": {"absent": "none"}})
    assert [(line.figure, line.value, line.detail) for line in lines] == [
        ("FID, KID", "absent", "no file"),
        ("leakage", "absent", "none"),
    ]


def test_distances() -> None:
    lines = summarize(
        {
            "frechet_lite0": {"value": 3.0, "pre_event": 1.0, "synthesised": 9, "real": 400, "features": 320},
            "kernel_lite0": {"value": 0.5, "std": 0.1, "subsets": 100, "subset_size": 4, "synthesised": 9, "real": 400},
            "inception_score": {"value": 5.0, "std": 0.2, "splits": 10, "synthesised": 900, "real_score": 6.0},
        }
    )
    frechet, kernel, score = lines
    assert (frechet.value, frechet.better) == ("3", "lower")
    assert "9 synthesised, 400 real" in frechet.detail
    assert "I_0 of the series: 1;" in frechet.detail
    assert "fewer images than features (320)" in frechet.detail
    assert (kernel.value, "100 subsets of 4" in kernel.detail) == ("0.5 ± 0.1", True)
    assert (score.better, "real images score 6.000" in score.detail) == ("higher", True)


def test_events() -> None:
    lines = {line.figure: line for line in summarize({"events": EVENTS})}
    assert lines["event create"].detail == "100.0% of the changes, 50.0% requested"
    assert lines["changes a step"].value == "1.50"
    assert "0 below, 1 above" in lines["changes a step"].detail
    assert lines["changed pixels"].value == "3.1%"
    assert lines["size, created"].value == "20 px²"
    assert "size, real, S_0" not in lines
    assert lines["short of create"].detail == "changes not made: no room"
