from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.cli.main import main
from changen_cli.training.run.checkpoint import read_checkpoint

FEW = ["--iterations", 1, "--batch-size", 2, "--crop", 64, "--workers", 0, "--threads", 1, "--init", "none"]


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def test_scenes_become_pairs_while_it_trains(
    tiny_scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["pretrain", "--model", "changelite", "--data", tiny_scenes, "--val", "town_2", "-o", tmp_path / "run"]
    more = ["--synthesizer", "copy-paste", "--validation-crops", 4, "--conditions", "light", "--events", "create"]
    assert run(*words, *FEW, *more) == 0
    err = " ".join(capsys.readouterr().err.split())
    assert "changen weights pack" in err
    config = read_checkpoint(tmp_path / "run" / "last.ckpt")["config"]
    assert (config.model, config.layouts, config.synthesis.weights) == ("changelite", 1.0, "compact-paper")  # type: ignore[attr-defined]


def test_an_own_recipe_is_the_papers(tiny_pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("pretrain", "--data", tiny_pairs, "-o", tmp_path / "run", *FEW, "--layouts", 0.5) == 0
    config = read_checkpoint(tmp_path / "run" / "last.ckpt")["config"]
    assert (config.model, config.lr, config.detector.layouts) == ("changestar", 0.03, True)  # type: ignore[attr-defined]
    capsys.readouterr()


def test_single_dates_are_learnt_and_no_change(
    tiny_scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["pretrain", "--task", "segmentation", "--model", "changelite", "--data", tiny_scenes]
    assert run(*words, *FEW, "--validate-every", 0, "-o", tmp_path / "run") == 0
    config = read_checkpoint(tmp_path / "run" / "last.ckpt")["config"]
    assert (config.task, config.change, config.detector.layouts) == ("segmentation", 0.0, True)  # type: ignore[attr-defined]
    assert config.layouts > 0  # type: ignore[attr-defined]
    header, *rows = (tmp_path / "run" / "losses.csv").read_text().splitlines()
    values = dict(zip(header.split(","), map(float, rows[-1].split(",")), strict=True))
    assert values["loss"] == values["layouts"] > 0  # nothing of change in it
    capsys.readouterr()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--val", "a"], "--resolution and --val are for --data"),
        (["--model", "oasis", "--data", "x"], "'oasis' is not trained by changen pretrain"),
        (["--data", "nowhere"], "nowhere"),
        (["--task", "nothing", "--data", "x"], "task nothing: must be change or segmentation"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("pretrain", *words, "-o", tmp_path / "run") == 2
    assert message in " ".join(capsys.readouterr().err.split())
