from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from changen_cli import resources
from changen_cli.errors import WeightsError
from changen_cli.weights import card as module
from changen_cli.weights.card import (
    Card,
    discriminators_path,
    find_weights,
    list_cards,
    read_card,
    verify_weights,
    weights_folders,
)


@pytest.fixture
def folder(weights_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tiny weights, searched by name; what changen itself ships is out of sight."""
    source = weights_of("changen", "tiny")
    for path in (source, source.with_suffix(".yaml")):
        shutil.copy(path, tmp_path)
    monkeypatch.setenv("CHANGEN_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(module, "weights_folder", lambda: tmp_path / "none")
    return tmp_path


def values(**changes: Any) -> dict[str, Any]:
    return {"name": "a", "architecture": "changen", "arguments": {"classes": 2}, "sha256": "0" * 64} | changes


def test_cards_come_back(tmp_path: Path) -> None:
    card = Card(
        "a", "changen", {"hidden": [8, 8]}, "ab" * 32, "two\nlines: ünïcode", "CC0", "©", {"seed": 1}, {"kid": 0.5}
    )
    card.write(tmp_path / "a.yaml")
    assert read_card(tmp_path / "a.yaml") == card


def test_a_card_says_which_part_of_a_model_the_file_holds(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(values()))  # as of changen 0.1.0
    assert read_card(tmp_path / "a.yaml").part == "network"
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(values(part="discriminators")))
    assert read_card(tmp_path / "a.yaml").part == "discriminators"
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(values(part="optimizers")))
    with pytest.raises(WeightsError, match="part"):
        read_card(tmp_path / "a.yaml")


def test_where_discriminators_lie() -> None:
    assert discriminators_path(Path("a/b.v2.safetensors")) == Path("a/b.v2-discriminators.safetensors")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "- a",
        "a: [",
        yaml.safe_dump({k: v for k, v in values().items() if k != "sha256"}),
        yaml.safe_dump(values(extra=1)),
        yaml.safe_dump(values(sha256=123)),
        yaml.safe_dump(values(arguments=[1])),
        yaml.safe_dump(values(training=None)),
    ],
    ids=["empty", "list", "broken", "no sha256", "unknown key", "sha256 no text", "arguments no mapping", "null"],
)
def test_files_that_are_no_card(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(WeightsError, match=r"a\.yaml: .*changen weights pack"):
        read_card(tmp_path / "a.yaml")


def test_a_missing_card(folder: Path) -> None:
    (folder / "tiny.yaml").unlink()
    with pytest.raises(WeightsError, match=r"tiny\.yaml: no readable weights card.*same stem"):
        find_weights(str(folder / "tiny.safetensors"))


def test_weights_are_found_by_name_and_by_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "tiny.safetensors"
    assert find_weights("tiny") == find_weights(str(path)) == (path, read_card(folder / "tiny.yaml"))
    monkeypatch.chdir(folder)
    assert find_weights("tiny.safetensors")[0] == Path("tiny.safetensors")


def test_weights_that_are_not_there(folder: Path) -> None:
    with pytest.raises(WeightsError, match="no weights named 'other'; known: tiny; or give the path"):
        find_weights("other")
    for path in ("gone.safetensors", str(folder / "gone.safetensors"), "folder/tiny"):
        with pytest.raises(WeightsError, match="no such weights file"):
            find_weights(path)
    (folder / "tiny.safetensors").unlink()
    with pytest.raises(WeightsError, match="known: none"):
        find_weights("tiny")


def test_the_first_folder_counts(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for path in folder.glob("tiny.*"):
        shutil.copy(path, other)
    monkeypatch.setenv("CHANGEN_WEIGHTS", os.pathsep.join(["", str(tmp_path / "gone"), str(other), str(folder)]))
    assert find_weights("tiny")[0] == list_cards()["tiny"][0] == other / "tiny.safetensors"


def test_foreign_files_in_a_folder_are_no_reason_to_fail(folder: Path) -> None:
    """Users keep other safetensors files beside; one of ours with a broken card stops only who asks for it."""
    (folder / "llama.safetensors").write_bytes(b"not ours")
    assert list(list_cards()) == ["tiny"]
    (folder / "broken.safetensors").write_bytes(b"")
    (folder / "broken.yaml").write_text("nonsense")
    assert find_weights("tiny")[1].name == "tiny"
    with pytest.raises(WeightsError, match=r"broken\.yaml: not a weights card"):
        find_weights("broken")


def test_what_changen_ships_is_searched_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGEN_WEIGHTS", f"/a{os.pathsep}/b")
    assert weights_folders() == [Path("/a"), Path("/b"), resources.weights_folder()]


def test_every_shipped_card_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHANGEN_WEIGHTS", raising=False)
    for name, (path, card) in list_cards().items():
        assert card.name == name
        verify_weights(path, card)
        assert card.licence
        assert card.attribution


def test_one_changed_byte_is_noticed(folder: Path) -> None:
    path, card = find_weights("tiny")
    verify_weights(path, card)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"tiny\.safetensors: SHA-256 is .*the card says.*damaged"):
        verify_weights(path, card)
