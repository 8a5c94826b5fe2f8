"""Pictures in a terminal: by kitty's graphics, as sixels, or as half blocks, which every terminal with colours has."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Literal

import numpy as np
from PIL import Image
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import ControlType, Segment
from rich.style import Style
from rich.text import Text

from changen_cli.reports.contact_sheet import change_row, contact_sheet
from changen_cli.store.base import Series
from changen_cli.types import UInt8Array

Graphics = Literal["kitty", "sixel", "blocks"]

KITTY, SIXEL = ("kitty", "ghostty", "wezterm"), ("sixel", "foot", "mlterm", "contour", "iterm")
"""What the names of terminals have that understand the one or the other."""

CELL = (10, 20)
"""Pixels across and down of a character, as most terminals have them, to size pictures by."""

IMAGE = 7301
"""Number that kitty knows the picture by: the next one takes its place."""

SAVE, RESTORE = "\x1b7", "\x1b8"


def choose_graphics(environ: Mapping[str, str]) -> Graphics:
    """Chooses how pictures are shown, by what a terminal says of itself; a multiplexer passes on blocks alone.

    Args:
        environ: The environment.
    """
    if environ.get("TMUX") or environ.get("STY") or environ.get("TERM", "").startswith(("screen", "tmux")):
        return "blocks"
    name = f"{environ.get('TERM', '')} {environ.get('TERM_PROGRAM', '')}".lower()
    if environ.get("KITTY_WINDOW_ID") or any(one in name for one in KITTY):
        return "kitty"
    return "sixel" if any(one in name for one in SIXEL) else "blocks"


def draw_pair(series: Series) -> UInt8Array:
    """Draws the last step of a series: I_t, S_t (removed in red), S_t+1 (created in green), I_t+1; uint8 [H, W, 3]."""
    before, after = series.masks[-2:]
    return contact_sheet([change_row(series.images[-2], before, after, [series.images[-1]])])


def in_terminal(picture: UInt8Array, columns: int, rows: int, environ: Mapping[str, str]) -> RenderableType:
    """Makes something that a terminal shows as a picture.

    Args:
        picture: uint8 [H, W, 3]; made as small as it must be, its sides keep their proportion.
        columns: Characters of a line.
        rows: Most lines.
        environ: The environment, which says what the terminal can do.
    """
    height, width = picture.shape[:2]
    graphics = choose_graphics(environ)
    across, down = (1, 2) if graphics == "blocks" else CELL
    factor = min((columns - 1) * across / width, rows * down / height)
    if graphics != "blocks":
        factor = min(factor, 1.0)
    size = max(1, int(width * factor)), max(1, int(height * factor))
    small = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    if graphics == "blocks":
        return half_blocks(np.asarray(small))
    lines = -(-size[1] // down)
    if graphics == "kitty":  # what it has drawn stays when the lines are written anew
        return Raw(kitty(small), lines, once=True)
    return Raw(SAVE + sixels(small) + RESTORE, lines)


class Raw:
    """What a terminal draws over some lines without moving its cursor, and these lines, empty."""

    def __init__(self, text: str, lines: int, *, once: bool = False) -> None:
        """Keeps what is drawn.

        Args:
            text: Escape sequences, by which it is drawn from the cursor on.
            lines: How many lines it takes.
            once: Whether it stays when the lines are cleared, so that it is sent the first time alone.
        """
        self.text, self.lines, self._once = text, lines, once
        self._sent = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yields what is drawn, which takes no room, and the empty lines that give it room."""
        # the lines first: near the end of the screen they make it roll, and the picture must not be drawn before
        for _ in range(self.lines):
            yield Segment.line()
        if self._once and self._sent:
            return
        self._sent = True
        yield Segment(f"\x1b[{self.lines}A{self.text}\x1b[{self.lines}B", None, [(ControlType.CURSOR_UP, self.lines)])


def half_blocks(picture: UInt8Array) -> Text:
    """Makes a text of half blocks: each character is two pixels, one above the other.

    Args:
        picture: uint8 [H, W, 3].
    """
    height, width = picture.shape[:2]
    lines = []
    for top in range(0, height - 1, 2):
        line = Text()
        for column in range(width):
            upper, lower = (picture[row, column].tolist() for row in (top, top + 1))
            line.append("▀", Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower)))
        lines.append(line)
    return Text("\n").join(lines)


def kitty(picture: Image.Image) -> str:
    """Returns the escape sequence of kitty's graphics protocol: a PNG in pieces of 4,096 letters; the cursor stays."""
    memory = io.BytesIO()
    picture.save(memory, "PNG")
    data = base64.b64encode(memory.getvalue()).decode("ascii")
    pieces = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    head = f"a=T,f=100,i={IMAGE},p=1,q=2,C=1,"
    return "".join(
        f"\x1b_G{head if place == 0 else ''}m={int(place + 1 < len(pieces))};{piece}\x1b\\"
        for place, piece in enumerate(pieces)
    )


def sixels(picture: Image.Image) -> str:
    """Returns the escape sequence of sixel graphics, in at most 64 colours."""
    indexed = picture.quantize(64)
    values = np.asarray(indexed)
    palette = np.array(indexed.getpalette(), int).reshape(-1, 3) * 100 // 255
    height, width = values.shape
    parts = [f'\x1bPq"1;1;{width};{height}']
    parts += ["#{};2;{};{};{}".format(colour, *palette[colour]) for colour in np.unique(values).tolist()]
    for top in range(0, height, 6):
        band = values[top : top + 6]
        for colour in np.unique(band).tolist():
            bits = ((band == colour) << np.arange(len(band))[:, None]).sum(0)
            parts.append(f"#{colour}" + "".join(chr(63 + bit) for bit in bits.tolist()) + "$")
        parts.append("-")
    return "".join(parts) + "\x1b\\"
