from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from changen_cli.cli.progress import ProgressView
from changen_cli.reporter import Progress
from tests.commands import Changen

Terminal = Callable[[], AbstractContextManager[list[str]]]
"""Makes standard error a terminal for a while; afterwards the list holds what was shown on it."""

pty = pytest.importorskip("pty", reason="there are no pseudo terminals here")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)

    @contextmanager
    def be() -> Iterator[list[str]]:
        master, slave = pty.openpty()
        shown = bytearray()

        def drain() -> None:
            while True:
                try:
                    part = os.read(master, 4096)
                except OSError:  # the other side is closed
                    return
                if not part:
                    return
                shown.extend(part)

        reader = threading.Thread(target=drain, daemon=True)
        reader.start()
        said: list[str] = []
        with os.fdopen(slave, "w") as screen, monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", screen)
            yield said
        reader.join(10)
        os.close(master)
        said.append(shown.decode("utf-8", "replace"))

    return be


def test_a_bar_on_a_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    with terminal() as said, ProgressView("generate", quiet=False) as view:
        view.progress(Progress("generate", 0, 10, "series", "0.0 tile-steps/s"))
        view.progress(Progress("generate", 4, 10, "series", "2.5 tile-steps/s"))
        view.say("scene a cannot be used")
        print("a result")
    shown = said[0]
    assert "4/10" in shown
    assert "2.5 tile-steps/s" in shown
    assert "left" in shown
    assert "\x1b[" in shown
    assert "scene a cannot be used" in shown
    assert out.getvalue() == "a result\n"
    assert "a result" not in shown


def test_results_stay_off_the_terminals_bar(
    generate: Changen, town: Callable[..., Path], tmp_path: Path, terminal: Terminal
) -> None:
    scene = town(tmp_path / "in", size=(128, 256))
    with terminal() as said:
        for words in (["--dry-run"], ["-o", tmp_path / "out"]):
            done = generate("-i", scene, "--json", *words)
            assert done.code == 0
            json.loads(done.out)
    shown = said[0]
    assert "2/2" in shown
    assert "tile-steps/s" in shown
    assert '"samples"' not in shown


def test_quiet_shows_nothing_on_a_terminal(terminal: Terminal) -> None:
    with terminal() as said, ProgressView("generate", quiet=True) as view:
        view.progress(Progress("generate", 4, 10, "series", "fast"))
        view.say("hello")
        view.warn("failed: x")
    assert said[0].strip() == "failed: x"


def test_lines_in_a_pipe_are_few(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    with ProgressView("generate", quiet=False, clock=lambda: now) as view:
        for done in range(101):
            now += 0.5
            view.progress(Progress("generate", done, 100, "series", "2.0 tile-steps/s", (100 - done) / 2))
        view.progress(Progress("generate", 100, 100, "series", "2.0 tile-steps/s", 0.0))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "generate: 0/100 series, 2.0 tile-steps/s, 0:00:50 left"
    assert lines[1] == "generate: 20/100 series, 2.0 tile-steps/s, 0:00:40 left"
    assert lines[-1] == "generate: 100/100 series, 2.0 tile-steps/s"
    assert len(lines) == 6


def test_long_lines_and_brackets_are_not_touched(capsys: pytest.CaptureFixture[str]) -> None:
    view = ProgressView("generate", quiet=False)
    line = "/data/[red]/" + "x" * 300 + "/a.tif: cannot be opened"
    view.say(line)
    assert capsys.readouterr().err == line + "\n"
