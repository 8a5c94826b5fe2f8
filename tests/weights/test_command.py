"""``changen weights``, from the command line to the exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from changen_cli.cli.main import main
from changen_cli.weights import card as module
from changen_cli.weights.card import file_sha256, read_card


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["weights", *arguments])
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture(autouse=True)
def folder(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "weights"
    shutil.copytree(tiny_weights.parent, found)
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(found))
    monkeypatch.setattr(module, "weights_folder", lambda: tmp_path / "none")
    return found


def test_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    printed = capsys.readouterr().out
    assert "tiny" in printed
    assert "for tests" in printed
    assert run("list", "--json") == 0
    (card,) = json.loads(capsys.readouterr().out)
    assert (card["name"], card["path"]) == ("tiny", str(folder / "tiny.safetensors"))


def test_show(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "tiny") == 0
    assert "CC0-1.0" in capsys.readouterr().out
    assert run("show", str(folder / "tiny.safetensors"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["training"]["iterations"] == 2
    assert run("show", "huge") == 2
    error = capsys.readouterr().err
    assert error.startswith("changen: error: no weights named 'huge'; known: tiny")
    assert error.count("\n") == 1


def test_verify(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify") == 0
    assert f"good, SHA-256 {file_sha256(folder / 'tiny.safetensors')}" in capsys.readouterr().out
    with (folder / "tiny.safetensors").open("ab") as file:
        file.write(b"\0")
    assert run("verify", "tiny") == 2
    assert "damaged" in capsys.readouterr().err


def test_pack(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "packed"
    assert run("pack", str(tiny_run), "--name", "mine", "-o", str(output), "--licence", "CC0-1.0") == 0
    assert capsys.readouterr().out.split() == [str(output / "mine.safetensors"), str(output / "mine.yaml")]
    assert run("verify", str(output / "mine.safetensors")) == 0
    assert run("pack", str(tmp_path), "--name", "mine") == 2
    assert "no such checkpoint; train first" in capsys.readouterr().err


def test_pack_the_best(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("pack", str(tmp_path / "run"), "--name", "mine", "-o", str(tmp_path), "--checkpoint", "best")
    (tmp_path / "run").mkdir()
    shutil.copy(tiny_run / "last.ckpt", tmp_path / "run" / "last.ckpt")
    assert run(*arguments) == 2
    assert "has no best.ckpt" in capsys.readouterr().err
    shutil.copy(tiny_run / "last.ckpt", tmp_path / "run" / "best.ckpt")
    assert run(*arguments) == 0
    assert read_card(tmp_path / "mine.yaml").training["checkpoint"] == "best"


def test_pack_with_figures(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = tmp_path / "figures.yaml"
    figures.write_text("removed_structure: 0.25\n")
    assert run("pack", str(tiny_run), "--name", "mine", "-o", str(tmp_path), "--metrics", str(figures)) == 0
    assert read_card(tmp_path / "mine.yaml").metrics == {"removed_structure": 0.25}
    figures.write_text("just words")
    assert run("pack", str(tiny_run), "--name", "mine", "-o", str(tmp_path), "--metrics", str(figures)) == 2
    assert "must be a mapping" in capsys.readouterr().err
