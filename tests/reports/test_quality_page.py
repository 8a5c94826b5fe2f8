from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from changen_cli.errors import StoreError
from changen_cli.metrics.change.pairs import Pair
from changen_cli.metrics.options import QualityOptions
from changen_cli.metrics.quality import QualityReport, evaluate_quality
from changen_cli.reports.pictures import CREATED, KEPT, MARGIN, REMOVED
from changen_cli.reports.quality_page import contact_sheet, render_page, write_page


@pytest.fixture(scope="module")
def report(make_series: Callable[..., Path], scenes: Path) -> QualityReport:
    return evaluate_quality(QualityOptions(str(make_series()), (str(scenes),), lite0=False, sheet_rows=2))


def test_page_needs_nothing_else(report: QualityReport) -> None:
    page = render_page(report)
    assert re.findall(r"<script|<link|@import|url\(|src=\"http", page) == []
    assert page.count("data:image/png;base64,") == 1
    charts = [ElementTree.fromstring(chart) for chart in re.findall(r"<svg.*?</svg>", page, re.S)]
    assert len(charts) == 5
    for bar in (shape for chart in charts for shape in chart.iter("rect")):
        assert float(bar.get("width", "-1")) >= 0


def test_picture_in_the_page_is_the_sheet(report: QualityReport) -> None:
    found = re.search(r'base64,([^"]+)"', render_page(report))
    assert found is not None
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))))
    np.testing.assert_array_equal(picture, contact_sheet(report.sheet))
    assert picture.shape == (2 * (64 + MARGIN), 4 * (64 + MARGIN), 3)


def test_sheet_colours_what_happened(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair()
    sheet = contact_sheet([pair])
    cells = [sheet[:96, place * (96 + MARGIN) :][:, :96] for place in range(4)]
    np.testing.assert_array_equal(cells[0], pair.before.transpose(1, 2, 0))
    np.testing.assert_array_equal(cells[3], pair.after.transpose(1, 2, 0))
    assert (cells[1][pair.removed] == REMOVED).all()
    assert (cells[2][pair.created] == CREATED).all()
    assert (cells[1][pair.kept] == KEPT).all()
    assert (cells[2][pair.ground] == 0).all()


def test_names_are_escaped(report: QualityReport) -> None:
    page = render_page(QualityReport(report.about | {"series": "<b>out</b>", "notes": ["a < b"]}, report.figures))
    assert "<b>out" not in page
    assert "a &lt; b" in page
    assert "<img" not in page


def test_sheet_of_the_levir_layout_says_what_is_missing(report: QualityReport) -> None:
    pairs = tuple(replace(pair, kept=None) for pair in report.sheet)
    assert "this format does not store them" in render_page(QualityReport(report.about, report.figures, pairs))


def test_page_is_written_into_new_folders(report: QualityReport, tmp_path: Path) -> None:
    write_page(tmp_path / "a" / "b.html", report)
    assert (tmp_path / "a" / "b.html").read_text(encoding="utf-8") == render_page(report)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write the report"):
        write_page(tmp_path / "file" / "b.html", report)
