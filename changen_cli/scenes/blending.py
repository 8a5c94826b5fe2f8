"""Windows of an image of any size that overlap, and what is made of them, blended in memory that does not grow with it.

Neighbouring windows share ``overlap`` pixels, where the one fades out as the other fades in, so that no seam is seen;
their weights add up to 1 everywhere. Windows are taken row by row. What is complete is handed out at once; what waits
for the next row of windows, ``overlap`` rows as wide as the image, waits in a temporary file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, TypeAlias, TypeVar

import numpy as np

from changen_cli.scenes.window import Window
from changen_cli.types import Float32Array

ALIGNMENT = 32
"""Windows that generators see begin at multiples of this: their coarsest stride, so that windows that overlap see the
same coarse pixels there, and the same noise of them."""

T = TypeVar("T")

MakeRow: TypeAlias = Callable[[list[Window]], Iterable[tuple[Float32Array, T]]]
"""Makes something of every window of a row, in order: float32 [..., H, W], and whatever is to come with its block."""


@dataclass(frozen=True, slots=True)
class Windows:
    """How an image is cut into windows.

    Attributes:
        size: Rows and columns of a window.
        overlap: Pixels that neighbours share; at most half of ``size``, so that no pixel is in three windows of a row.
    """

    size: int
    overlap: int

    @property
    def stride(self) -> int:
        """Pixels from one window to the next, and rows and columns of a block."""
        return self.size - self.overlap

    def count(self, length: int) -> int:
        """Returns how many windows cover so many pixels."""
        return max(1, -(-(length - self.overlap) // self.stride))

    def blocks(self, height: int, width: int) -> int:
        """Returns how many blocks, and windows, an image has."""
        return self.count(height) * self.count(width)

    def row(self, index: int, height: int, width: int) -> list[Window]:
        """Lists the windows of a row; those at the right and at the lower edge of the image are cut there."""
        top, size = index * self.stride, self.size
        return [Window(top, c * self.stride, size, size).within(height, width) for c in range(self.count(width))]

    def block(self, window: Window, height: int, width: int) -> Window:
        """Returns the block of a window: its own part, up to where the next windows begin.

        Args:
            window: One of :meth:`row`.
            height: Rows of the image.
            width: Columns of the image.
        """
        last_row = window.row == (self.count(height) - 1) * self.stride
        last_column = window.column == (self.count(width) - 1) * self.stride
        return Window(
            window.row,
            window.column,
            window.height if last_row else self.stride,
            window.width if last_column else self.stride,
        )


def blend(
    make_row: MakeRow[T], height: int, width: int, windows: Windows, first: int = 0
) -> Iterator[tuple[Window, Float32Array, T]]:
    """Blends what is made of overlapping windows.

    Args:
        make_row: Makes it, for one row of windows after the other.
        height: Rows of the image.
        width: Columns of the image.
        windows: How it is cut.
        first: The row of windows whose blocks come first. The blocks are the same as those of a run from the start: for
            what the row above leaves, that row is made once more.

    Yields:
        The blocks of the image, row by row: where it is, the blended values float32 [..., H, W], and what came with
        the window that begins there. Blocks do not overlap, and cover the image.
    """
    overlap, stride = windows.overlap, windows.stride
    down = windows.count(height)
    ramp = ((np.arange(overlap) + 0.5) / overlap if overlap else np.zeros(0)).astype(np.float32)
    with tempfile.TemporaryFile() as file:
        above = _Above(file, overlap, stride + overlap)
        for row in range(max(0, first - 1), down):
            cut = windows.row(row, height, width)
            fade = _fade(cut[0].height, ramp, first=row == 0, last=row == down - 1)[:, None]
            left = np.zeros(0, np.float32)
            for column, (window, (made, extra)) in enumerate(zip(cut, make_row(cut), strict=True)):
                ends = {"first": column == 0, "last": column == len(cut) - 1}
                weighted = made * fade * _fade(window.width, ramp, **ends)
                # to the left of this block nothing more comes, so its columns are complete
                if column:
                    weighted[..., :overlap] += left
                block = windows.block(window, height, width)
                left = weighted[..., block.width :].copy()
                weighted = weighted[..., : block.width]
                if row and row >= first:
                    weighted[..., :overlap, :] += above.read(column, weighted.shape)
                if row < down - 1:
                    above.write(column, weighted[..., stride:, :])
                if row >= first:
                    yield block, weighted[..., : block.height, :], extra


def _fade(length: int, ramp: Float32Array, *, first: bool, last: bool) -> Float32Array:
    """Returns the weights along one side of a window; at the edge of the image it does not fade."""
    weights = np.ones(length, np.float32)
    if not first and len(ramp):
        weights[: len(ramp)] = ramp
    if not last and len(ramp):
        weights[length - len(ramp) :] = 1 - ramp
    return weights


class _Above:
    """What the row of windows above has left for the next: ``overlap`` rows of each block, in a file."""

    def __init__(self, file: IO[bytes], overlap: int, widest: int) -> None:
        self._file, self._overlap, self._most = file, overlap, overlap * widest * 4

    def read(self, column: int, shape: tuple[int, ...]) -> Float32Array:
        """Reads what belongs to a window of shape [..., H, W], whose W columns are complete: [..., overlap, W]."""
        rows = (*shape[:-2], self._overlap, shape[-1])
        self._file.seek(column * self._most * _count(shape))
        return np.frombuffer(self._file.read(int(np.prod(rows)) * 4), np.float32).reshape(rows)

    def write(self, column: int, rows: Float32Array) -> None:
        """Keeps float32 [..., overlap, W] of a window."""
        self._file.seek(column * self._most * _count(rows.shape))
        self._file.write(np.ascontiguousarray(rows).tobytes())


def _count(shape: tuple[int, ...]) -> int:
    """Returns how many maps of H x W an array [..., H, W] has."""
    return int(np.prod(shape[:-2]))
