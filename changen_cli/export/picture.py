"""A picture on its way into a layout: pixels, and the PNG file that holds just these, where there is one."""

from __future__ import annotations

from pathlib import Path

from changen_cli.store.formats.levir import encode_png
from changen_cli.types import UInt8Array


class Picture:
    """Pixels that are written once, however often they are needed.

    Attributes:
        pixels: uint8 [1 or 3, H, W].
        file: A PNG file that holds them, of the source or of what was written so far; None where there is none yet.
    """

    def __init__(self, pixels: UInt8Array, file: Path | None = None) -> None:
        """Keeps the pixels; encodes nothing.

        Args:
            pixels: uint8 [1 or 3, H, W].
            file: A PNG file that holds them.
        """
        self.pixels = pixels
        self.file = file

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape[1], self.pixels.shape[2]

    def png(self) -> bytes:
        """Returns the PNG: the bytes of its file, else encoded now."""
        return encode_png(self.pixels) if self.file is None else self.file.read_bytes()
