"""README's first command, and every other changen command that it shows, are what the tool understands."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_command

from changen_cli import open_series
from changen_cli.cli.main import app, main
from changen_cli.weights.card import find_weights, list_cards, verify_weights

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def shown_commands() -> list[list[str]]:
    lines = [line.split(" #")[0] for block in BLOCKS for line in block.splitlines()]
    parts = [part for line in lines for part in re.split(r"&&|\|", line)]
    return [shlex.split(part)[1:] for part in parts if part.strip().startswith("changen ")]


@pytest.mark.parametrize("words", shown_commands(), ids=" ".join)
def test_every_command_shown_is_understood(words: list[str]) -> None:
    group = get_command(app)
    context = group.make_context("changen", list(words), resilient_parsing=True)
    command = group.get_command(context, words[0])
    assert command is not None
    command.make_context(words[0], list(words[1:]))  # raises for an unknown option or a missing argument


@pytest.mark.slow
def test_first_command_makes_a_series_from_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shown_commands()[0]
    assert first[0] == "generate"
    monkeypatch.chdir(tmp_path)
    words = [str(ROOT / "examples") if word == "examples/" else word for word in first]
    with pytest.raises(SystemExit) as done:
        main([*words, "--workers", "0", "--tile-size", "320", "--quiet"])
    assert done.value.code == 0
    series = open_series(tmp_path / "changen-out")
    assert len(series) == 4
    assert json.loads((tmp_path / "changen-out/manifest.json").read_text())["counts"]["changes"].keys() == {
        "create",
        "remove",
    }
    for sample in series:
        assert sample.image.shape == (4, 3, 320, 320)
        assert sample.mask is not None
        assert np.array_equal(sample.change, sample.mask[1:] != sample.mask[:-1])
        assert sample.change.any(axis=(1, 2)).all()
        for before, after in zip(sample.image[:-1], sample.image[1:], strict=True):
            assert np.abs(before.astype(int) - after).mean() > 3  # a new image, not a copy
            assert after.std() > 10  # and not an empty one


def test_shipped_weights_are_whole_and_say_where_they_come_from() -> None:
    assert "compact" in list_cards()
    path, card = find_weights("compact")
    verify_weights(path, card)
    assert card.training["command"].startswith("changen train ")
    assert card.training["iterations"] > 0
    assert "OpenAerialMap contributors" in card.attribution
    assert card.licence
