"""Steps whose command is written in Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from changen_cli.reproduce.steps import Step


class Commands:
    """Runs commands ``write FILE TEXT`` and ``fail``, and keeps them."""

    def __init__(self) -> None:
        self.ran: list[list[str]] = []
        self.code = 0

    def __call__(self, words: Sequence[str], log: Path) -> int:
        self.ran.append(list(words))
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("said\n", encoding="utf-8")
        if words[0] == "write":
            Path(words[1]).parent.mkdir(parents=True, exist_ok=True)
            Path(words[1]).write_text(" ".join(words[2:]), encoding="utf-8")
        return 1 if words[0] == "fail" else self.code


@pytest.fixture
def commands() -> Commands:
    return Commands()


def step(name: str, *words: str, **values: object) -> Step:
    """Makes a step that writes a file."""
    return Step("made", name, words or ("write", "{target}", name), **values)  # type: ignore[arg-type]
