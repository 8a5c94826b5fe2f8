from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from changen_cli.weights.card import file_sha256, read_card
from tests.commands import Changen
from tests.fixtures.published import their_changestar


@pytest.fixture
def weights(untrained_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of weights that are found by name."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for path in (untrained_weights, untrained_weights.with_suffix(".yaml")):
        shutil.copy(path, folder)
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(folder))
    return folder


def test_list(changen: Changen, weights: Path) -> None:
    shown = changen("weights", "list")
    assert shown.code == 0
    assert "untrained" in shown.out
    cards = {card["name"]: card for card in json.loads(changen("weights", "list", "--json").out)}
    assert cards["untrained"]["path"] == str(weights / "untrained.safetensors")
    assert cards["untrained"]["architecture"] == "changen"


def test_show_by_name_and_by_path(changen: Changen, weights: Path) -> None:
    for name in ("untrained", weights / "untrained.safetensors"):
        card = yaml.safe_load(changen("weights", "show", name).out)
        assert card["licence"] == "CC0-1.0"
        assert card == json.loads(changen("weights", "show", name, "--json").out)
    assert changen("weights", "show", "huge").error.startswith("no weights named 'huge'; known: untrained, ")


def test_verify(changen: Changen, weights: Path) -> None:
    good = changen("weights", "verify", "untrained")
    assert good.code == 0
    assert f"untrained.safetensors: good, SHA-256 {file_sha256(weights / 'untrained.safetensors')}" in good.out
    with (weights / "untrained.safetensors").open("ab") as file:
        file.write(b"x")
    for words in (["untrained"], []):
        bad = changen("weights", "verify", *words)
        assert bad.code == 2
        assert "damaged" in bad.error
    assert "no weights named 'none'" in changen("weights", "verify", "none").error


def test_weights_are_taken_by_name(
    generate: Changen, weights: Path, town: Callable[..., Path], tmp_path: Path, out: Path
) -> None:
    scene = town(tmp_path / "in", size=(64, 64))
    words = ["--tile-size", 64, "--synthesizer", "changen", "--weights", "untrained", "--changes-per-step", "0:1"]
    assert generate("-i", scene, "-o", out, *words).code == 0


def test_pack(changen: Changen, tiny_run: Path, out: Path) -> None:
    packed = changen("weights", "pack", tiny_run, "--name", "mine", "-o", out, "--licence", "CC0-1.0")
    assert packed.code == 0, packed.err
    assert packed.out.split() == [str(out / "mine.safetensors"), str(out / "mine.yaml")]
    assert changen("weights", "verify", out / "mine.safetensors").code == 0
    assert read_card(out / "mine.yaml").licence == "CC0-1.0"


def test_pack_discriminators_too(
    changen: Changen,
    tiny_run: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    town: Callable[..., Path],
    tmp_path: Path,
) -> None:
    packed = changen("weights", "pack", tiny_run, "--name", "mine", "-o", out, "--discriminators")
    assert packed.code == 0, packed.err
    names = ("mine.safetensors", "mine.yaml", "mine-discriminators.safetensors", "mine-discriminators.yaml")
    assert packed.out.split() == [str(out / name) for name in names]
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(out))
    assert changen("weights", "verify", "mine-discriminators").code == 0
    cards = {card["name"]: card for card in json.loads(changen("weights", "list", "--json").out)}
    assert (cards["mine"]["part"], cards["mine-discriminators"]["part"]) == ("network", "discriminators")
    assert yaml.safe_load(changen("weights", "show", "mine-discriminators").out)["part"] == "discriminators"
    scene = town(tmp_path / "in", size=(64, 64))
    done = changen("generate", "-i", scene, "-o", tmp_path / "series", "--weights", "mine-discriminators")
    assert done.code == 2
    assert "holds the discriminators of 'changen'" in done.error


def test_no_run_to_pack(changen: Changen, tmp_path: Path) -> None:
    done = changen("weights", "pack", tmp_path, "--name", "mine")
    assert done.code == 2
    assert str(tmp_path) in done.error
    assert "no such checkpoint; train first" in done.error


def test_pack_the_best(changen: Changen, tiny_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    words = ["weights", "pack", run, "--name", "mine", "-o", tmp_path, "--checkpoint", "best"]
    shutil.copy(tiny_run / "last.ckpt", run / "last.ckpt")
    assert "has no best.ckpt" in changen(*words).error
    shutil.copy(tiny_run / "last.ckpt", run / "best.ckpt")
    assert changen(*words).code == 0
    assert read_card(tmp_path / "mine.yaml").training["checkpoint"] == "best"


def test_pack_with_figures(changen: Changen, tiny_run: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures.yaml"
    words = ["weights", "pack", tiny_run, "--name", "mine", "-o", tmp_path, "--metrics", figures]
    figures.write_text("removed_structure: 0.25\n")
    assert changen(*words).code == 0
    assert read_card(tmp_path / "mine.yaml").metrics == {"removed_structure": 0.25}
    figures.write_text("just words")
    assert "must be a mapping" in changen(*words).error
    assert "not a readable YAML or JSON file" in changen(*words[:-1], tmp_path / "none.yaml").error


def test_a_bad_card_hides_no_other(changen: Changen, weights: Path) -> None:
    (weights / "broken.safetensors").touch()
    (weights / "broken.yaml").write_text("[")
    card = yaml.safe_load((weights / "untrained.yaml").read_text())
    (weights / "untrained.yaml").write_text(yaml.safe_dump(card | {"summary": "good [/x] for"}))
    shown = changen("weights", "list")
    assert shown.code == 1
    assert "untrained" in shown.out
    assert "[/x]" in shown.out
    assert "broken" in shown.out
    listed = {one["name"]: one for one in json.loads(changen("weights", "list", "--json").out)}
    assert "broken.yaml: no readable weights card" in listed["broken"]["error"]
    assert "sha256" in listed["untrained"]
    checked = changen("weights", "verify")
    assert checked.code == 2
    assert str(weights / "untrained.safetensors") in checked.out
    assert "broken.yaml" in checked.error


def test_import(changen: Changen, tmp_path: Path, out: Path) -> None:
    theirs = tmp_path / "changestar1x96_r18.pth"
    torch.save(their_changestar("resnet18"), theirs)
    done = changen("weights", "import", theirs, "--as", "changestar", "-o", out)
    assert done.code == 0, done.err
    assert done.out.split() == [str(out / "changestar1x96_r18.safetensors"), str(out / "changestar1x96_r18.yaml")]
    assert changen("weights", "verify", out / "changestar1x96_r18.safetensors").code == 0
    theirs.write_bytes(b"<html>")
    assert "cannot be read as weights" in changen("weights", "import", theirs, "--as", "changestar").error


def test_a_card_can_be_had_for_a_catalogue(changen: Changen) -> None:
    item = json.loads(changen("weights", "show", "compact", "--stac").out)
    assert item["properties"]["mlm:name"] == "compact"
    assert item["stac_version"] == "1.1.0"
