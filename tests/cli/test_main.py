from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from typer import Exit

from changen_cli.errors import StoreError, TileError
from changen_cli.version import __version__
from tests.commands import Changen


def test_version(changen: Changen) -> None:
    result = changen("--version")
    assert (result.code, result.out, result.err) == (0, f"changen {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--help"], ["generate", "train", "events", "weights", "Start here"]),
        (["generate", "-h"], ["--input", "--changes-per-step", "Examples", "--dry-run", "[default: 256]"]),
        (["train", "--help"], ["--data", "--preset", "--output", "Algorithm 1"]),
        (["evaluate", "detection", "--help"], ["--weights", "--data", "average precision", "post-classification"]),
        (["detect", "--help"], ["--before", "--after", "--vector", "change_probability.tif", "GeoTIFF"]),
        (["events", "--help"], ["list"]),
        (["weights", "--help"], ["list", "show", "verify", "pack"]),
    ],
)
def test_help(changen: Changen, words: list[object], expected: list[str]) -> None:
    result = changen(*words)
    assert result.code == 0
    assert result.err == ""
    for word in expected:
        assert word in result.out


def test_no_words_show_the_help(changen: Changen) -> None:
    result = changen()
    assert result.code in (0, 2)  # by the version of Typer
    assert "generate" in result.out + result.err
    assert "error" not in result.err


def test_groups_without_a_verb_show_their_help(changen: Changen) -> None:
    for group in ("weights", "events"):
        shown = changen(group)
        assert shown.code in (0, 2)  # by the version of Typer
        assert "list" in shown.out + shown.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["generate"], "Missing option '--input' / '-i'; see: changen generate --help"),
        (["generate", "--inptu", "x"], "No such option: --inptu"),
        (["generate", "-i", "x", "--steps", "two"], "Invalid value for '--steps'"),
        (["train"], "Missing option '--output'"),
        (["harvest"], "No such command 'harvest'; see: changen --help"),
        (["generate", "-i", "x", "y"], "see: changen generate --help"),
    ],
)
def test_words_that_cannot_be_parsed(changen: Changen, words: list[object], expected: str) -> None:
    result = changen(*words)
    assert result.code == 2
    assert expected in result.error
    assert result.out == ""


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (StoreError("disk x is full; free some"), 2, "changen: error: disk x is full; free some"),
        (TileError("tile y cannot be read"), 1, "changen: error: tile y cannot be read"),
        (MemoryError(), 2, "changen: error: not enough memory"),
        (KeyboardInterrupt(), 130, "changen: interrupted; run it again"),
        (Exit(130), 130, "changen: interrupted; run it again"),
        (ZeroDivisionError("oh"), 1, "changen: internal error: ZeroDivisionError: oh"),
    ],
)
def test_every_end_is_one_line_and_a_code(
    changen: Changen, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, line: str
) -> None:
    def fail() -> dict[str, object]:
        raise error

    monkeypatch.setattr("changen_cli.cli.weights.weights_paths", fail)
    result = changen("weights", "list")
    assert result.code == code
    assert result.err.strip().startswith(line)
    assert result.err.strip().count("\n") == 0
    assert "Traceback" not in result.err


def test_debug_shows_where_a_bug_is(changen: Changen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("changen_cli.cli.weights.weights_paths", lambda: 1 / 0)
    monkeypatch.setenv("CHANGEN_DEBUG", "1")
    assert "Traceback" in changen("weights", "list").err


def test_sigterm_ends_a_run_as_ctrl_c_does(changen: Changen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("changen_cli.cli.weights.weights_paths", lambda: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    result = changen("weights", "list")
    assert result.code == 130
    assert "run it again" in result.err
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = (
        "import os, sys; from changen_cli.cli.main import main\n"
        "r, w = os.pipe(); os.close(r); os.dup2(w, 1)\n"
        "main(['events', 'list', '--json'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr


def test_python_m() -> None:
    done = subprocess.run([sys.executable, "-m", "changen_cli", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"changen {__version__}\n")


def test_help_does_not_wait_for_torch() -> None:
    code = (
        "import sys\nfrom changen_cli.cli.main import main\n"
        "try: main(['generate', '--help'])\n"
        "finally: print('torch' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.split() == ["False"]
