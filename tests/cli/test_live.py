from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from changen_cli.cli import progress
from changen_cli.cli.live import SHOW_EVERY, LiveView, PictureBar
from changen_cli.store.base import Series
from tests.commands import Changen


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal of 100 columns in place of standard error."""
    written = io.StringIO()
    monkeypatch.setattr(
        progress,
        "Console",
        lambda **_: Console(file=written, force_terminal=True, width=100, height=40, legacy_windows=False),
    )
    for name in ("TERM", "TERM_PROGRAM", "KITTY_WINDOW_ID", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    return written


def test_the_latest_pair_is_below_the_bar_for_a_while(
    terminal: io.StringIO, make_series: Callable[..., Series]
) -> None:
    now = [0.0]
    with LiveView("generate", quiet=False, clock=lambda: now[0]) as view:
        assert isinstance(view.bar, PictureBar)
        assert view.bar.below is None
        view.watch(make_series(0))
        first = view.bar.below
        assert isinstance(first, Text)
        now[0] = 0.9 * SHOW_EVERY
        view.watch(make_series(1))
        assert view.bar.below is first
        now[0] = 1.1 * SHOW_EVERY
        view.watch(make_series(1))
        assert view.bar.below is not first
    assert terminal.getvalue().count("▀") > 90


def test_nothing_is_shown_where_quiet_is_wanted(terminal: io.StringIO, make_series: Callable[..., Series]) -> None:
    with LiveView("generate", quiet=True) as view:
        view.watch(make_series(0))
    assert terminal.getvalue() == ""


def test_nothing_is_shown_in_a_pipe(generate: Changen, town: Callable[..., Path], tmp_path: Path, out: Path) -> None:
    done = generate("-i", town(tmp_path / "in", size=(128, 256)), "-o", out, "--live")
    assert done.code == 0, done.err
    assert "▀" not in done.err + done.out
    assert "\x1b" not in done.err + done.out
