"""What the documents show works: README's first command and Python code run, every other command is understood."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.core import TyperGroup
from typer.main import get_command

from changen_cli import open_series
from changen_cli.cli.main import app, main
from changen_cli.weights.card import find_weights, list_cards, verify_weights
from tests.documents import DOCUMENTS, ROOT, changen_commands, read_blocks

README = read_blocks(ROOT / "README.md")
COMMANDS = [
    pytest.param(words, id=f"{document.name}: {' '.join(words)}")
    for document in DOCUMENTS
    for block in read_blocks(document)
    if block.language == "bash"
    for words in changen_commands(block)
]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_shown_is_understood(words: list[str]) -> None:
    command, name = get_command(app), "changen"
    words = list(words)
    while isinstance(command, TyperGroup):
        context = command.make_context(name, list(words), resilient_parsing=True)
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"no such command: {name}"
        command = found
    command.make_context(name, words)  # raises for an unknown option or a missing argument


def test_every_link_leads_somewhere() -> None:
    missing = [
        f"{document.name}: {link}"
        for document in DOCUMENTS
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
        if not (document.parent / link).exists()
    ]
    assert missing == []


@pytest.mark.slow
def test_the_first_command_and_the_code_of_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = changen_commands(next(block for block in README if block.language == "bash"))
    assert (first[0], second[0]) == ("generate", "preview")
    monkeypatch.chdir(tmp_path)
    words = [str(ROOT / "examples") if word == "examples/" else word for word in first]
    for command in ([*words, "--workers", "0", "--quiet"], second):
        with pytest.raises(SystemExit) as done:
            main(command)
        assert done.value.code == 0
    assert (tmp_path / "preview.html").is_file()
    series = open_series(tmp_path / "changen-out")
    assert json.loads((tmp_path / "changen-out/manifest.json").read_text())["counts"]["changes"].keys() == {
        "create",
        "remove",
    }
    for sample in series:
        assert sample.image.shape == (4, 3, 256, 256)
        assert sample.mask is not None
        assert np.array_equal(sample.change, sample.mask[1:] != sample.mask[:-1])
        assert sample.change.any(axis=(1, 2)).all()
        for before, after in zip(sample.image[:-1], sample.image[1:], strict=True):
            assert np.abs(before.astype(int) - after).mean() > 3  # a new image, not a copy
            assert after.std() > 10  # and not an empty one
    names: dict[str, object] = {}
    for block in README:
        if block.language == "python":
            exec(block.text, names)
    assert "pairs" in names


def test_shipped_weights_are_whole_and_say_where_they_come_from() -> None:
    assert "compact" in list_cards()
    path, card = find_weights("compact")
    verify_weights(path, card)
    assert str(card.training["command"]).startswith("changen train ")
    assert int(str(card.training["iterations"])) > 0
    assert "OpenAerialMap contributors" in card.attribution
    assert card.licence
