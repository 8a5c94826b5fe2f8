from __future__ import annotations

from typing import Any

from changen_cli.metrics.base import Accumulator, Column, Metric
from changen_cli.reports.quality_table import summarize


def test_what_is_absent_for_one_reason_is_one_line() -> None:
    lines = summarize(
        {"fid": {"absent": "no file"}, "kid": {"absent": "no file"}, "removed_structure": {"absent": "none"}}
    )
    assert [(line.title, line.value, line.detail) for line in lines] == [
        ("FID, KID", "absent", "no file"),
        ("removed_structure", "absent", "none"),
    ]


def test_every_metric_has_its_lines_in_order(results: dict[str, dict[str, Any]]) -> None:
    assert [line.title for line in summarize(results)] == [
        "FID, KID", "kernel distance, Lite0", "removed_structure", "  within 4 px", "  within 8 px", "  interior",
        "agreement, created", "agreement, removed", "agreement, kept", "agreement, background", "agreement, IoU",
        "background difference", "  colours matched", "  SSIM", "  edge structure", "event create", "changes a step",
        "changed pixels", "size, created", "size, real, reference", "short of create",
    ]  # fmt: skip


def test_a_metric_of_somebody_elses() -> None:
    metric = Metric(
        "contrast", "contrast", (Column("contrast", "value", "contrast", "grey levels"),), lambda setting: Accumulator()
    )
    (line,) = summarize({"contrast": {"value": 2.0}}, {"contrast": metric})
    assert (line.title, line.value, line.detail) == ("contrast", "2.000", "grey levels")
