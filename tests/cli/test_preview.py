from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from skimage.io import imread

from tests.commands import Changen


@pytest.mark.parametrize("format", ["zarr", "levir"])
def test_a_sheet_is_written(
    changen: Changen, generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path, format: str
) -> None:
    scene = town(tmp_path / "in", size=(128, 256))
    generate("-i", scene, "-o", out, "-f", format, "--steps", 2)
    sheet = tmp_path / "sheet.png"
    shown = changen("preview", out, "--png", sheet, "--limit", 1)
    assert (shown.code, shown.out) == (0, f"{sheet}\n"), shown.err
    height, width, bands = imread(sheet).shape
    assert bands == 3
    assert 2 * 128 <= height < 3 * 128  # one series: a title, images, layouts
    assert width >= (3 if format == "zarr" else 2) * 128


def test_what_is_written_is_what_its_name_says(
    changen: Changen,
    generate: Changen,
    town: Callable[..., Path],
    tmp_path: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a user met: x.html was a TIFF of 7 MB, and x.gif one still frame."""
    generate("-i", town(tmp_path / "in", size=(128, 256)), "-o", out, "--steps", 2)
    monkeypatch.chdir(tmp_path)
    assert changen("preview", out, "-o", "x.html").out == "x.html\n"
    assert (tmp_path / "x.html").read_text(encoding="utf-8").lstrip().startswith("<!doctype html>")
    assert changen("preview", out, "-o", "x.gif").out == "x.gif\n"
    with Image.open("x.gif") as lapse:
        assert lapse.n_frames == 3  # type: ignore[attr-defined]
    assert changen("preview", out, "-q").out == "preview.html\n"
    for name in ("x.tif", "x"):
        assert f"--output {name}: the name must end in .html" in changen("preview", out, "-o", name).error
        assert not (tmp_path / name).exists()


def test_an_output_that_is_not_there(changen: Changen, tmp_path: Path) -> None:
    done = changen("preview", tmp_path / "no")
    assert done.code == 2
    assert str(tmp_path / "no") in done.error


def test_a_limit_below_one(changen: Changen, out: Path) -> None:
    assert "--limit" in changen("preview", out, "--limit", 0).error
