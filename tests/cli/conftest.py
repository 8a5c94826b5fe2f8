"""Running the command line in this process, or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from changen_cli.cli.main import main


@dataclass(frozen=True)
class Result:
    """What a command did."""

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


@pytest.fixture
def changen(capsys: pytest.CaptureFixture[str]) -> Changen:
    """Runs ``changen WORDS`` in this process."""

    def run(*words: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        said = capsys.readouterr()
        assert isinstance(stop.value.code, int)
        return Result(stop.value.code, said.out, said.err)

    return run


@pytest.fixture
def generate(changen: Changen, one_thread: None) -> Changen:
    """Runs ``changen generate`` with tiles of 128 pixels, no workers and the copy synthesizer, unless told other."""

    def run(*words: object) -> Result:
        given = {str(word) for word in words}
        defaults = [("--tile-size", 128), ("--workers", 0), ("--synthesizer", "copy"), ("--precision", "fp32")]
        extra = [part for name, value in defaults if name not in given for part in (name, value)]
        return changen("generate", *words, *extra)

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts ``changen WORDS`` as a process, leader of its own group; kills what is left of it."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: object, **options: object) -> subprocess.Popen[str]:
        # one thread, as in this process: how PyTorch shares out a sum decides its last bit
        settings: dict[str, object] = {"env": os.environ | {"OMP_NUM_THREADS": "1"}, "text": True, **options}
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
        process = subprocess.Popen(  # type: ignore[call-overload]
            [sys.executable, "-m", "changen_cli", *map(str, words)], start_new_session=True, **settings
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
