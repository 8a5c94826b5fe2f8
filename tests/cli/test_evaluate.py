from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imsave

from changen_cli.cli.main import main


def _run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    draw = np.random.default_rng(0)
    for number in range(2):
        mask = np.zeros((64, 96), np.uint8)
        for row in range(6, 60, 20):
            for column in range(6, 90, 20):
                mask[row : row + 10, column : column + 12] = 255
        image = draw.integers(40, 120, (64, 96, 3)).astype(np.uint8)
        image[mask > 0] += 90
        imsave(folder / f"s{number}.png", image, check_contrast=False)
        imsave(folder / f"s{number}_mask.png", mask, check_contrast=False)
    return folder


@pytest.fixture(scope="module")
def series(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("series") / "out"
    code = _run(
        "generate", "-i", scenes, "-o", root, "--synthesizer", "copy", "--tile-size", "32", "--workers", "0", "-q"
    )
    assert code == 0
    return root


def test_json_and_nothing_else_on_standard_output(
    series: Path, scenes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("evaluate", "quality", series, "--reference", scenes, "--no-lite0", "--json", "-", "--limit", "4") == 0
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert (found["samples"], found["reference_images"]) == (4, 4)
    assert found["figures"]["removed_structure"]["value"] == pytest.approx(1)
    assert "absent" in found["figures"]["fid"]
    assert "series" in captured.err


def test_table_and_page(
    series: Path, scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    page = tmp_path / "quality.html"
    assert _run("evaluate", "quality", series, "-r", scenes, "--report", page, "--sheet-rows", "2", "-q") == 0
    out = capsys.readouterr().out
    for words in (
        "FID, KID, Inception score",
        "absent",
        "Frechet distance, Lite0",
        "removed_structure",
        "event create",
    ):
        assert words in out
    assert "torch-fidelity/releases" in re.sub(r"\s|│", "", out)
    assert "data:image/png;base64," in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--limit", "0"), "--limit 0"),
        (("--inception-weights", "nowhere.pth"), "fetch the file yourself"),
        (("--segmenter", "nobody"), "no weights named 'nobody'"),
        (("--device", "abacus"), "--device abacus"),
        (("--split", "never"), "has no split 'never'"),
    ],
)
def test_mistakes_are_one_line(
    series: Path, scenes: Path, arguments: tuple[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("evaluate", "quality", series, "-r", scenes, "-q", *arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("changen: error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_detection_tables_json_and_report(
    series: Path, tmp_path: Path, weights_of: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    weights = weights_of("segmenter")
    words = ("evaluate", "detection", "--data", series, "--weights", weights, "--limit", "6", "-q")
    assert _run(*words, "--report", tmp_path / "report", "--json", tmp_path / "scores.json") == 0
    out = capsys.readouterr().out
    for told in ("all change", "post-classif", "remove", "index.html"):
        assert told in out
    found = json.loads((tmp_path / "scores.json").read_text())
    assert (tmp_path / "report/detection.json").read_text() == (tmp_path / "scores.json").read_text()
    assert found["pairs"] == 6
    assert found["detectors"][0]["kind"] == "post-classification"
    assert _run(*words, "--json", "-") == 0
    assert json.loads(capsys.readouterr().out) == found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--data", "nowhere"), "nowhere: no such folder"),
        (("--split", "never"), "has no split 'never'"),
        (("--weights", "nobody"), "no weights named 'nobody'"),
        (("--threshold", "1.5"), "--threshold 1.5"),
        (("--run", "nowhere"), "has no validation.csv"),
        (("--device", "abacus"), "--device abacus"),
    ],
)
def test_mistakes_of_detection_are_one_line(
    series: Path, arguments: tuple[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    defaults = {"--data": str(series), "--weights": "segmenter"} | dict([arguments])
    words = [word for pair in defaults.items() for word in pair]
    assert _run("evaluate", "detection", "-q", *words) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("changen: error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_a_folder_that_is_no_series(scenes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("evaluate", "quality", scenes, "-r", scenes, "-q") == 2
    assert "was not written by changen" in capsys.readouterr().err
