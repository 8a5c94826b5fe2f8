from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from changen_cli.cli.main import main
from changen_cli.training.config.detection import DetectionConfig
from changen_cli.training.config.run import parse
from changen_cli.training.run.checkpoint import read_checkpoint
from changen_cli.training.train import train


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def test_it_goes_on_from_a_pre_trained_detector(
    tiny_pairs: Path, detection_recipe: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = train(parse(DetectionConfig, detection_recipe, "tiny"), tmp_path / "pre")
    words = ["finetune", "--init", start, "--data", tiny_pairs, "--fraction", 0.4, "-o", tmp_path / "run", "--quiet"]
    assert run(*words, "--iterations", 1, "--batch-size", 2, "--crop", 64, "--workers", 0, "--threads", 1) == 0
    config = read_checkpoint(tmp_path / "run" / "last.ckpt")["config"]
    assert isinstance(config, DetectionConfig)
    assert (config.model, config.detector.width, config.fraction) == ("changelite", 8, 0.4)
    assert config.augment.zoom == (0.75, 1.25, 1.5)  # of the model's recipe for fine-tuning
    capsys.readouterr()


def test_where_it_starts_must_be_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("finetune", "--data", "x", "-o", tmp_path / "run") == 2
    assert "--init is missing: a checkpoint, weights, imagenet, or none" in " ".join(capsys.readouterr().err.split())
    assert run("finetune", "--init", tmp_path / "gone.ckpt", "--data", "x", "-o", tmp_path / "run") == 2
    assert "no such checkpoint" in " ".join(capsys.readouterr().err.split())
