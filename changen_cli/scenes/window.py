"""Windows of a scene, and the grid that covers a scene with them. Computed, never listed: a country has 1e8 tiles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from changen_cli.errors import UsageError


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of pixels at the reading resolution.

    Attributes:
        row: First row.
        column: First column.
        height: Rows.
        width: Columns.
    """

    row: int
    column: int
    height: int
    width: int

    @property
    def tile_id(self) -> str:
        """``r<row>_c<column>``, padded with zeros so that ids sort as their places do."""
        return f"r{self.row:06d}_c{self.column:06d}"

    def within(self, height: int, width: int) -> Window:
        """Returns the part of this window inside a scene of ``height`` by ``width`` pixels (may have no area)."""
        row, column = max(self.row, 0), max(self.column, 0)
        bottom = min(self.row + self.height, height)
        right = min(self.column + self.width, width)
        return Window(row, column, max(bottom - row, 0), max(right - column, 0))


@dataclass(frozen=True, slots=True)
class TileGrid:
    """Square windows that cover a scene, row by row.

    Attributes:
        height: Rows of the scene.
        width: Columns of the scene.
        size: Rows and columns of a window.
        overlap: Pixels that neighbouring windows share.
        edges: What becomes of the last window of a row or column: "shift" moves it inwards so that it does not overhang
            (it then shares more than ``overlap`` with its neighbour; only a scene smaller than a window is overhung),
            "pad" lets it overhang, and what overhangs is not valid.

    Raises:
        UsageError: If the size is not positive, or the overlap is not from 0 to size - 1.
    """

    height: int
    width: int
    size: int
    overlap: int = 0
    edges: Literal["shift", "pad"] = "shift"

    def __post_init__(self) -> None:
        if self.size < 1:
            raise UsageError(f"tile size {self.size}: give a number of pixels above 0")
        if not 0 <= self.overlap < self.size:
            raise UsageError(f"overlap {self.overlap}: give 0 to {self.size - 1}, less than the tile size")
        if self.edges not in ("shift", "pad"):
            raise UsageError(f"edges {self.edges!r}: give 'shift' or 'pad'")

    @property
    def rows(self) -> int:
        """Windows per column of the grid."""
        return self._count(self.height)

    @property
    def columns(self) -> int:
        """Windows per row of the grid."""
        return self._count(self.width)

    def __len__(self) -> int:
        return self.rows * self.columns

    def __getitem__(self, index: int) -> Window:
        if not 0 <= index < len(self):
            raise IndexError(f"window {index} of a grid of {len(self)}")
        row, column = divmod(index, self.columns)
        return Window(self._start(row, self.height), self._start(column, self.width), self.size, self.size)

    def __iter__(self) -> Iterator[Window]:
        return (self[index] for index in range(len(self)))

    def _count(self, length: int) -> int:
        return max(1, -(-(length - self.overlap) // (self.size - self.overlap)))

    def _start(self, index: int, length: int) -> int:
        start = index * (self.size - self.overlap)
        return start if self.edges == "pad" else min(start, max(0, length - self.size))


@dataclass(frozen=True, slots=True)
class WholeScene:
    """The one window that is all of a scene, where a grid of tiles is asked for.

    Attributes:
        height: Rows of the scene.
        width: Columns of the scene.
    """

    height: int
    width: int

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Window:
        if index != 0:
            raise IndexError(f"window {index} of a whole scene, which is one")
        return Window(0, 0, self.height, self.width)

    def __iter__(self) -> Iterator[Window]:
        return iter((self[0],))
