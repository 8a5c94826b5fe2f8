from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import Changen


def test_training_runs_and_goes_on(
    changen: Changen, tiny_recipe: dict[str, Any], one_thread: None, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(tiny_recipe))
    run = tmp_path / "run"
    done = changen("train", "--config", recipe, "-o", run, "--iterations", 1)
    assert done.code == 0, done.err
    assert done.out == ""
    assert f"changen weights pack {run} --name NAME" in done.err
    assert "train: 1/1 iterations" in done.err
    packed = changen("weights", "pack", run, "--name", "mine", "-o", tmp_path / "packed")
    assert packed.code == 0, packed.err
    assert packed.out.split() == [str(tmp_path / "packed" / f"mine.{end}") for end in ("safetensors", "yaml")]
    assert changen("weights", "verify", tmp_path / "packed" / "mine.safetensors").code == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
        (["--preset", "enormous"], "enormous"),
        (["--val", "a*"], "--resolution and --val are for --data"),
        (["--resolution", "0.5"], "--resolution and --val are for --data"),
        (["--data", "nowhere"], "nowhere: no such file or folder"),
        (["--data", "nowhere", "--device", "abacus"], "--device abacus"),
    ],
)
def test_training_that_cannot_start(changen: Changen, tmp_path: Path, words: list[object], expected: str) -> None:
    done = changen("train", "-o", tmp_path / "run", *words)
    assert done.code == 2
    assert expected in done.error
