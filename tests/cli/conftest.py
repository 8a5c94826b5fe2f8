"""Running the command line in this process, or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from changen_cli.cli.main import main
from tests.commands import Changen, Result, Start


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
def start() -> Iterator[Start]:
    """Starts ``changen WORDS`` as a process, leader of its own group; kills what is left of it."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "changen_cli", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # one thread, as in this process: how PyTorch shares out a sum decides its last bit
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The output of a run; not there yet."""
    return tmp_path / "out"


@pytest.fixture
def scene(town: Callable[..., Path], tmp_path: Path) -> Path:
    """The town, 300 x 500 pixels, in a folder of its own."""
    return town(tmp_path / "in")
