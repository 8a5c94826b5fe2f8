from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.cli.main import main
from changen_cli.training.run.checkpoint import read_checkpoint


def test_the_command_takes_a_model(tiny_scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "--data", tiny_scenes, "-o", tmp_path / "run", "--model", "segmenter", "--iterations", 1]
    with pytest.raises(SystemExit) as stop:
        main([str(w) for w in [*words, "--batch-size", 1, "--crop", 64, "--workers", 0, "--threads", 1]])
    assert stop.value.code == 0
    assert "loss 0." in capsys.readouterr().err
    assert read_checkpoint(tmp_path / "run" / "last.ckpt")["config"].model == "segmenter"
    with pytest.raises(SystemExit) as stop:
        main(["train", "--data", "x", "-o", str(tmp_path / "b"), "--model", "cyclegan"])
    assert stop.value.code == 2
    assert "unknown model 'cyclegan'; installed: changen" in capsys.readouterr().err
