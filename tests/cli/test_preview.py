from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from skimage.io import imread

from tests.commands import Changen


@pytest.mark.parametrize("format", ["zarr", "levir"])
def test_a_sheet_is_written(
    changen: Changen, generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path, format: str
) -> None:
    scene = town(tmp_path / "in", size=(128, 256))
    generate("-i", scene, "-o", out, "-f", format, "--steps", 2)
    sheet = tmp_path / "sheet.png"
    shown = changen("preview", out, "-o", sheet, "--limit", 1)
    assert (shown.code, shown.out) == (0, f"{sheet}\n"), shown.err
    height, width, bands = imread(sheet).shape
    assert bands == 3
    assert 2 * 128 <= height < 3 * 128  # one series: images above, layouts below
    assert width >= (3 if format == "zarr" else 2) * 128


def test_an_output_that_is_not_there(changen: Changen, tmp_path: Path) -> None:
    done = changen("preview", tmp_path / "no")
    assert done.code == 2
    assert str(tmp_path / "no") in done.error


def test_a_limit_below_one(changen: Changen, out: Path) -> None:
    assert "Invalid value for '--limit'" in changen("preview", out, "--limit", 0).error
