from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from changen_cli.errors import StoreError
from changen_cli.metrics.base import Accumulator, Column, Metric, Result
from changen_cli.metrics.quality import QualityReport
from changen_cli.metrics.text import Bar, Chart
from changen_cli.reports.contact_sheet import contact_sheet, pair_row
from changen_cli.reports.quality_page import render_page, write_page


def test_page_needs_nothing_else(report: QualityReport) -> None:
    page = render_page(report)
    assert re.findall(r"<script|<link|@import|url\(|src=\"http", page) == []
    assert page.count("data:image/png;base64,") == 1
    assert page.startswith("<!doctype html>")


def test_bars_are_as_long_as_their_values(report: QualityReport) -> None:
    charts = [ElementTree.fromstring(chart) for chart in re.findall(r"<svg.*?</svg>", render_page(report), re.S)]
    assert len(charts) == 6
    lengths = [[float(bar.get("width", "-1")) for bar in chart.iter("rect")] for chart in charts]
    assert lengths[0] == [220, 209, 198, 220, 209, 110, 220, 209, 132, 220, 209]  # removed_structure; no interior
    assert lengths[1][:3] == [220, 176, 110]  # created buildings, the real ones behind them
    assert lengths[2] == [220, 220, 220, 0]  # what is beyond 0..1 is cut
    words = [text.text for text in charts[1].iter("text")]
    assert words[:2] == ["created", "50.0% / 80.0%"]
    assert len(list(charts[5].iter("text"))) == 3  # quantiles have no numbers beside them


def test_table_says_what_is_better_and_what_is_absent(report: QualityReport) -> None:
    page = render_page(report)
    assert re.search(r'<tr class="absent"><td>FID, KID</td><td class="n">absent</td><td>no file</td></tr>', page)
    assert '<td class="below">interior (lower is better)</td>' in page
    assert "<td>kernel distance, Lite0 (lower is better)</td>" in page


def test_page_says_what_was_compared(report: QualityReport) -> None:
    text = " ".join(re.sub(r"<[^>]+>", "", render_page(report)).split())
    assert (
        "Synthesizer changen; weights compact; 24 pairs of 12 samples; 9 real images of scenes, more; "
        "48 x 64 pixels of 0.5 m; at most 7 of each. changen 0.1.0, seed 3." in text
    )
    assert "Note: two scenes were left out." in text


def test_picture_in_the_page_is_the_sheet(report: QualityReport) -> None:
    found = re.search(r'base64,([^"]+)"', render_page(report))
    assert found is not None
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))))
    np.testing.assert_array_equal(picture, contact_sheet([pair_row(pair) for pair in report.sheet]))


def test_names_are_escaped(report: QualityReport) -> None:
    page = render_page(replace(report, about={**report.about, "series": "<b>out</b>"}, notes=("a < b",), sheet=()))
    assert "<b>out" not in page
    assert "a &lt; b" in page
    assert "<img" not in page


def test_sheet_of_a_format_without_layouts_says_what_is_missing(report: QualityReport) -> None:
    assert "this format does not store them" not in render_page(report)
    pairs = tuple(replace(pair, kept=None) for pair in report.sheet)
    assert "this format does not store them" in render_page(QualityReport(report.about, report.results, pairs))


def test_a_metric_of_somebody_elses(report: QualityReport) -> None:
    def charts(result: Result) -> list[Chart]:
        return [Chart("Contrast & more", (Bar("contrast", result["value"]),))]

    column = Column("contrast", "value", "contrast")
    metric = Metric("contrast", "contrast", (column,), lambda setting: Accumulator(), charts=charts)
    page = render_page(QualityReport(report.about, {"contrast": {"value": 0.5}}), {"contrast": metric})
    assert "<td>contrast</td>" in page
    assert "<h2>Contrast &amp; more</h2>" in page


def test_page_is_written_into_new_folders(report: QualityReport, tmp_path: Path) -> None:
    write_page(tmp_path / "a" / "b.html", report)
    assert (tmp_path / "a" / "b.html").read_text(encoding="utf-8") == render_page(report)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        write_page(tmp_path / "file" / "b.html", report)
