"""What a changen command did, and the types of the fixtures that run one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Result:
    """What a command did.

    Attributes:
        code: Its exit code.
        out: What it wrote to standard output.
        err: What it wrote to standard error.
    """

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one error line; fails if there is none, or more than that."""
        lines = [line for line in self.err.splitlines() if line.startswith("changen: error: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        assert "internal error" not in self.err
        return lines[0].removeprefix("changen: error: ")


Changen = Callable[..., Result]
"""Runs a command, given word by word; words may be numbers and paths."""

Start = Callable[..., subprocess.Popen[str]]
"""Starts a command as a process of its own, given word by word."""


def refused(done: Result, out: Path, *words: object) -> None:
    """Checks that nothing was done, and that one line says why.

    Args:
        done: A command.
        out: Its output.
        *words: What the line must say.
    """
    assert done.code == 2
    for word in words:
        assert str(word) in done.error
    assert done.out == ""
    assert not (out / "manifest.json").exists()
