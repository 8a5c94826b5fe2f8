"""One date of a scene in the making, kept strip by strip: the unit that a killed run goes on from.

A strip is a file of the blocks of one row of windows, one after the other, each its red, green, blue and validity
(0 or 255), uint8 [4, H, W] as it lies in memory. Plain bytes, since they are written once, read two or three times and
gone when the rasters are packed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from changen_cli.files import disk_errors, make_folder, replacing
from changen_cli.scenes.blending import Windows
from changen_cli.scenes.window import Window
from changen_cli.types import BoolArray, UInt8Array

BANDS = 4


@dataclass(frozen=True)
class Strips:
    """The strips of one date.

    Attributes:
        root: The output.
        folder: Where they lie, inside it.
        height: Rows of the scene.
        width: Columns of the scene.
        windows: How it is cut.
    """

    root: Path
    folder: Path
    height: int
    width: int
    windows: Windows

    @property
    def count(self) -> int:
        """Number of strips of a whole date."""
        return self.windows.count(self.height)

    def done(self) -> int:
        """Returns how many strips, from the first on, are there.

        Raises:
            StoreError: If the folder cannot be read.
        """
        with disk_errors(self.folder):
            return next((index for index in range(self.count) if not self._path(index).exists()), self.count)

    def write(self, index: int, blocks: Iterable[UInt8Array]) -> Generator[None, None, None]:
        """Writes a strip, whole or not at all; stops after each of its blocks.

        Args:
            index: Which strip.
            blocks: Its blocks from left to right, uint8 [4, H, W].

        Raises:
            StoreError: If the disk is full or not writable.
        """
        make_folder(self.folder)
        with replacing(self.root, self._path(index)) as path, path.open("wb") as file:
            for block in blocks:
                file.write(np.ascontiguousarray(block).tobytes())
                yield

    def read(self, window: Window) -> tuple[UInt8Array, BoolArray]:
        """Reads a window within the scene; all of its strips are there.

        Returns:
            Pixels uint8 [3, H, W], and validity bool [H, W].

        Raises:
            StoreError: If a strip is missing or cannot be read.
        """
        result = np.empty((BANDS, window.height, window.width), np.uint8)
        stride = self.windows.stride
        last_row, last_column = self.count - 1, self.windows.count(self.width) - 1
        first = min(window.row // stride, last_row)
        for index in range(first, min((window.row + window.height - 1) // stride, last_row) + 1):
            with disk_errors(self._path(index)), self._path(index).open("rb") as file:
                left = min(window.column // stride, last_column)
                for column in range(left, min((window.column + window.width - 1) // stride, last_column) + 1):
                    block = self._block(index, column)
                    file.seek(BANDS * block.height * column * stride)
                    data = np.frombuffer(file.read(BANDS * block.height * block.width), np.uint8)
                    _lay(result, window, data.reshape(BANDS, block.height, block.width), block)
        return result[:3], result[3] > 0

    def _path(self, index: int) -> Path:
        return self.folder / f"{index:06d}"

    def _block(self, row: int, column: int) -> Window:
        stride, size = self.windows.stride, self.windows.size
        cut = Window(row * stride, column * stride, size, size).within(self.height, self.width)
        return self.windows.block(cut, self.height, self.width)


def overlap_of(one: Window, other: Window) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Returns the rows and columns that two windows share, as slices of the one and of the other; may be empty."""
    top, left = max(one.row, other.row), max(one.column, other.column)
    bottom = max(top, min(one.row + one.height, other.row + other.height))
    right = max(left, min(one.column + one.width, other.column + other.width))
    first, second = (
        (slice(top - w.row, bottom - w.row), slice(left - w.column, right - w.column)) for w in (one, other)
    )
    return first, second


def _lay(target: UInt8Array, window: Window, data: UInt8Array, block: Window) -> None:
    """Copies what a block has of a window."""
    to, of = overlap_of(window, block)
    target[:, to[0], to[1]] = data[:, of[0], of[1]]
