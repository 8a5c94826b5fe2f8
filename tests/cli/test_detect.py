from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imsave

from tests.commands import Changen


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    made = np.random.default_rng(0).integers(0, 255, (2, 70, 90, 3)).astype(np.uint8)
    for name, pixels in zip("ab", made, strict=True):
        imsave(tmp_path / f"{name}.png", pixels, check_contrast=False)
    return tmp_path / "a.png", tmp_path / "b.png"


def test_pictures_are_compared(
    changen: Changen, pictures: tuple[Path, Path], weights_of: Callable[..., Path], tmp_path: Path, one_thread: None
) -> None:
    a, b = pictures
    words = ("--before", a, "--after", b, "--weights", weights_of("segmenter"), "-o", tmp_path / "out.tif")
    done = changen("detect", *words, "--vector", tmp_path / "out.geojson")
    assert done.code == 0, done.err
    assert [line.split(": ")[0] for line in done.out.splitlines()] == [
        str(tmp_path / name) for name in ("out.tif", "out_probability.tif", "out.geojson")
    ]
    assert "of 6,300 valid pixels changed" in done.out
    assert "comparing 90 x 70 pixels" in done.err
    found = json.loads(changen("detect", *words, "--json", "-q").out)
    assert (found["valid"], found["kind"], found["vector"]) == (6300, "post-classification", None)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--weights", "nobody"), "no weights named 'nobody'"),
        (("--after", "nowhere.tif"), "nowhere.tif: no such raster"),
        (("--output", "out.png"), "--output out.png: must end in .tif"),
        (("--vector", "out.shp"), "--vector out.shp: must end in .gpkg"),
        (("--overlap", 400), "--overlap 400: must be at most half of --window"),
        (("--resolution", 0.5), "has no georeference that gives metres"),
        (("--bands", "1,2,9"), "there is no band 9"),
    ],
)
def test_mistakes_are_one_line(
    changen: Changen,
    pictures: tuple[Path, Path],
    weights_of: Callable[..., Path],
    tmp_path: Path,
    words: tuple[object, object],
    expected: str,
) -> None:
    a, b = pictures
    given: dict[object, object] = {
        "--before": a, "--after": b, "--weights": weights_of("segmenter"), "--output": tmp_path / "o.tif",
    }  # fmt: skip
    given |= dict([words])
    done = changen("detect", *(word for pair in given.items() for word in pair), "-q")
    assert done.code == 2
    assert expected in done.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]
