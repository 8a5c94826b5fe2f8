from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from changen_cli.errors import StoreError, UsageError
from changen_cli.reports.preview.options import PreviewOptions
from changen_cli.reports.preview.write import preview
from changen_cli.store.series import SeriesDataset


def test_everything_at_once(output: Callable[[str], SeriesDataset], tmp_path: Path) -> None:
    names = {kind: str(tmp_path / f"x.{kind}") for kind in ("png", "gif", "webp")}
    data = output("geotiff")
    written = preview(PreviewOptions(str(data.root), output=str(tmp_path / "x.html"), size=32, **names))  # type: ignore[arg-type]
    assert sorted(path.name for path in written) == ["x.gif", "x.html", "x.png", "x.webp"]
    assert "<!doctype html>" in (tmp_path / "x.html").read_text(encoding="utf-8")
    for kind, name in names.items():
        with Image.open(name) as picture:
            assert picture.format == kind.upper()


def test_only_a_split_and_only_an_id(output: Callable[[str], SeriesDataset], tmp_path: Path) -> None:
    data = output("zarr")
    page = tmp_path / "x.html"
    preview(PreviewOptions(str(data.root), output=str(page), split="test"))
    assert "jinja__r1_c0" in page.read_text()
    assert "kampala__r0_c0" not in page.read_text()
    preview(PreviewOptions(str(data.root), output=str(page), id=("kampala__r0_c0",)))
    assert "jinja__r1_c0" not in page.read_text()
    with pytest.raises(StoreError, match="no split 'val'"):
        preview(PreviewOptions(str(data.root), output=str(page), split="val"))


def test_nothing_is_written_where_a_film_cannot_be(
    output: Callable[[str], SeriesDataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    root = str(output("zarr").root)
    with pytest.raises(UsageError, match="imageio-ffmpeg"):
        preview(PreviewOptions(root, png=str(tmp_path / "x.png"), mp4=str(tmp_path / "x.mp4")))
    assert not (tmp_path / "x.png").exists()
