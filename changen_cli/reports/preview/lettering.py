"""Words on pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from changen_cli.reports.preview.colours import Colour

LINE = 20
"""Pixels of a line of text."""

INK, PALE = (235, 235, 235), (160, 160, 160)

Word = tuple[str, Colour]
"""A text and its colour."""


def font(size: int = 14) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Returns the font that Pillow brings along, so that pictures look the same on every machine."""
    return ImageFont.load_default(size)


def length(words: Sequence[Word], size: int = 14) -> int:
    """Returns how many pixels words take in a line."""
    return math.ceil(sum(font(size).getlength(text) for text, _ in words))


def letter(picture: Image.Image, at: tuple[int, int], words: Sequence[Word], size: int = 14) -> None:
    """Writes words on a picture, one behind the other; what is too long for it is cut and ends in dots.

    Args:
        picture: RGB; written on.
        at: Left end and top of the line.
        words: Texts and their colours.
        size: Of the font, pixels.
    """
    draw, face, left = ImageDraw.Draw(picture), font(size), float(at[0])
    for text, colour in words:
        room = picture.width - left
        if draw.textlength(text, font=face) > room:
            while text and draw.textlength(text + "...", font=face) > room:
                text = text[:-1]
            text += "..."
        draw.text((left, at[1]), text, fill=colour, font=face)
        left += draw.textlength(text, font=face)
