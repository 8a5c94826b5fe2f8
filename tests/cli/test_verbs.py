"""The smaller verbs: weights, events, train, preview."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands import Changen


@pytest.fixture
def weights(untrained_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of weights that are found by name."""
    folder = tmp_path / "weights"
    shutil.copytree(untrained_weights.parent, folder)
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(folder))
    return folder


def test_weights_are_listed(changen: Changen, weights: Path) -> None:
    shown = changen("weights", "list")
    assert shown.code == 0
    assert "untrained" in shown.out
    cards = {card["name"]: card for card in json.loads(changen("weights", "list", "--json").out)}
    assert cards["untrained"]["path"] == str(weights / "untrained.safetensors")
    assert cards["untrained"]["architecture"] == "changen"


def test_weights_are_shown_by_name_and_by_path(changen: Changen, weights: Path) -> None:
    for words in (["untrained"], [weights / "untrained.safetensors"]):
        card = yaml.safe_load(changen("weights", "show", *words).out)
        assert card["licence"] == "CC0-1.0"
        assert card == json.loads(changen("weights", "show", *words, "--json").out)


def test_weights_are_verified(changen: Changen, weights: Path) -> None:
    good = changen("weights", "verify", "untrained")
    assert good.code == 0
    assert "untrained.safetensors: good, SHA-256 " in good.out
    with (weights / "untrained.safetensors").open("ab") as file:
        file.write(b"x")
    for words in (["untrained"], []):
        bad = changen("weights", "verify", *words)
        assert bad.code == 2
        assert "SHA-256 is" in bad.error
    assert "no weights named 'none'" in changen("weights", "verify", "none").error


def test_weights_are_taken_by_name(generate: Changen, weights: Path, town: Callable[..., Path], tmp_path: Path) -> None:
    scene = town(tmp_path / "in", size=(64, 64))
    words = ["--tile-size", 64, "--synthesizer", "changen", "--weights", "untrained", "--changes-per-step", "0:1"]
    assert generate("-i", scene, "-o", tmp_path / "out", *words).code == 0


def test_groups_without_a_verb_show_their_help(changen: Changen) -> None:
    for group in ("weights", "events"):
        shown = changen(group)
        assert shown.code in (0, 2)  # by the version of Typer
        assert "list" in shown.out + shown.err


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


def test_weights_of_no_run_cannot_be_packed(changen: Changen, tmp_path: Path) -> None:
    done = changen("weights", "pack", tmp_path, "--name", "x")
    assert done.code == 2
    assert str(tmp_path) in done.error


@pytest.mark.parametrize("format", ["zarr", "levir"])
def test_preview(changen: Changen, generate: Changen, town: Callable[..., Path], tmp_path: Path, format: str) -> None:
    scene = town(tmp_path / "in", size=(128, 256))
    generate("-i", scene, "-o", tmp_path / "out", "-f", format, "--steps", 2)
    sheet = tmp_path / "sheet.png"
    shown = changen("preview", tmp_path / "out", "-o", sheet, "--limit", 1)
    assert (shown.code, shown.out) == (0, f"{sheet}\n"), shown.err
    assert sheet.read_bytes().startswith(b"\x89PNG")


def test_preview_of_nothing(changen: Changen, tmp_path: Path) -> None:
    done = changen("preview", tmp_path / "no")
    assert done.code == 2
    assert str(tmp_path / "no") in done.error
