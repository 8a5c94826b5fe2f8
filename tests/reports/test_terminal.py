from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from rich.text import Text

from changen_cli.reports.contact_sheet import MARGIN
from changen_cli.reports.pictures import REMOVED
from changen_cli.reports.terminal import Raw, choose_graphics, draw_pair, half_blocks, in_terminal, kitty, sixels
from changen_cli.store.base import Series
from changen_cli.types import UInt8Array

PICTURE = np.random.default_rng(0).integers(0, 255, (24, 40, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("environ", "graphics"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "sixel"),
        ({"TERM": "xterm-256color"}, "blocks"),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, "blocks"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, "blocks"),
        ({}, "blocks"),
    ],
)
def test_graphics_are_those_of_the_terminal(environ: dict[str, str], graphics: str) -> None:
    assert choose_graphics(environ) == graphics


def test_a_pair_is_drawn_as_asked_and_as_made(make_series: Callable[..., Series]) -> None:
    series = make_series(0)
    drawn = draw_pair(series)
    assert drawn.shape == (24 + MARGIN, 4 * (40 + MARGIN), 3)
    np.testing.assert_array_equal(drawn[:24, :40], series.images[1].transpose(1, 2, 0))
    np.testing.assert_array_equal(drawn[:24, 3 * (40 + MARGIN) :][:, :40], series.images[2].transpose(1, 2, 0))
    assert (drawn[:, 40 + MARGIN : 2 * (40 + MARGIN)] == REMOVED).all(2).any()


def test_half_blocks_are_two_pixels_each() -> None:
    text = half_blocks(PICTURE)
    lines = text.plain.split("\n")
    assert [len(line) for line in lines] == [40] * 12
    style = text.get_style_at_offset(Console(), 41 * 3 + 7)
    assert style.color is not None
    assert style.bgcolor is not None
    assert style.color.triplet == tuple(PICTURE[6, 7])
    assert style.bgcolor.triplet == tuple(PICTURE[7, 7])


@pytest.mark.parametrize("columns", [20, 200])
def test_a_picture_fits_the_terminal(columns: int) -> None:
    blocks = in_terminal(PICTURE, columns, 10, {})
    assert isinstance(blocks, Text)
    assert max(map(len, blocks.plain.split("\n"))) < columns
    assert len(blocks.plain.split("\n")) <= 10
    raw = in_terminal(PICTURE, columns, 10, {"TERM": "foot"})
    assert isinstance(raw, Raw)
    assert raw.lines == 2  # of 20 pixels; it is not enlarged
    console = Console(file=io.StringIO(), force_terminal=True, width=columns)
    console.print(raw)
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert written.count("\n") == 2
    assert raw.text in written


def test_what_stays_is_sent_once() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    for environ, times in (({"TERM": "xterm-kitty"}, 1), ({"TERM": "foot"}, 3)):
        raw = in_terminal(PICTURE, 80, 10, environ)
        assert isinstance(raw, Raw)
        for _ in range(3):
            console.print(raw)
        assert console.file.getvalue().count(raw.text) == times  # type: ignore[attr-defined]


def test_kitty_gets_a_png_in_pieces() -> None:
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 255, (80, 80, 3)).astype(np.uint8))
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", kitty(picture))
    assert len(pieces) > 1
    assert all(len(data) <= 4096 for _, data in pieces)
    assert [control.endswith("m=1") for control, _ in pieces] == [True] * (len(pieces) - 1) + [False]
    assert "C=1" in pieces[0][0]
    sent = base64.b64decode("".join(data for _, data in pieces))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(sent))), np.asarray(picture))


def test_sixels_are_the_picture() -> None:
    shown = np.zeros((13, 9, 3), np.uint8)
    shown[3:9, 2:5] = (255, 0, 0)
    shown[10:, 6:] = (0, 255, 0)
    np.testing.assert_array_equal(decode(sixels(Image.fromarray(shown))), shown)


def decode(text: str) -> UInt8Array:
    """Draws sixels as a terminal does."""
    head = re.match(r'\x1bPq"1;1;(\d+);(\d+)', text)
    assert head is not None
    assert text.endswith("\x1b\\")
    picture = np.zeros((int(head[2]), int(head[1]), 3), np.uint8)
    colours: dict[str, tuple[int, ...]] = {}
    colour, x, top = "", 0, 0
    for token in re.findall(r"#\d+(?:;\d+){0,4}|[$-]|[?-~]", text[head.end() : -2]):
        if token[0] == "#":
            colour, *rest = token[1:].split(";")
            if rest:
                colours[colour] = tuple(int(part) * 255 // 100 for part in rest[1:])
        elif token == "$":
            x = 0
        elif token == "-":
            x, top = 0, top + 6
        else:
            for bit in range(6):
                if (ord(token) - 63) >> bit & 1:
                    picture[top + bit, x] = colours[colour]
            x += 1
    return picture
