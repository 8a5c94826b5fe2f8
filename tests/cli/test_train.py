from __future__ import annotations

from pathlib import Path

import pytest

from changen_cli.cli.main import main
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.export import pack_weights
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
    assert "unknown model 'cyclegan'; installed: bit, cdnet, changeformer" in capsys.readouterr().err


def test_weights_and_data_are_enough(
    tiny_scenes: Path,
    tiny_run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pack_weights(tiny_run, tmp_path, "mine", discriminators=True)
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(tmp_path))
    words = ["train", "--init", "mine", "--data", tiny_scenes, "-o", tmp_path / "run", "--iterations", 1]
    with pytest.raises(SystemExit) as stop:
        main([str(w) for w in [*words, "--workers", 0, "--threads", 1]])
    err = capsys.readouterr().err
    assert stop.value.code == 0, err
    assert "mine.safetensors and its discriminators" in " ".join(err.split())
    made = read_checkpoint(tmp_path / "run" / "last.ckpt")["config"]
    packed = read_checkpoint(tiny_run / "last.ckpt")["config"]
    assert isinstance(made, TrainConfig)
    assert isinstance(packed, TrainConfig)
    assert (made.generator, made.discriminator, made.crops) == (packed.generator, packed.discriminator, packed.crops)
    assert (made.init, made.iterations) == ("mine", 1)
    with pytest.raises(SystemExit) as stop:
        main(["train", "--init", "mine", "--data", str(tiny_scenes), "-o", str(tmp_path / "b"), "--model", "oasis"])
    assert stop.value.code == 2
    assert "weights of 'changen', and the recipe trains 'oasis'" in " ".join(capsys.readouterr().err.split())
