"""A scene divided by area: parts of it of one split each, whose tiles share no pixel with those of another."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, Literal

from changen_cli.scenes.window import TileGrid, Window
from changen_cli.types import Split


@dataclass(frozen=True)
class AreaGrid:
    """Windows that cover a scene area by area. Where windows share no pixels they are those of a :class:`TileGrid`.

    An area is as long as ``side`` windows, and the last of a row or column as long as what is left: it may have fewer
    windows, or a remainder that is no window is added to it. Windows lie within their area; only at the edges of the
    scene may they overhang. So windows of two areas never share a pixel, whatever ``overlap`` is.

    Attributes:
        tiles: The grid without areas: sizes, overlap, edges.
        side: Windows along a side of an area.
        splits: Split of each area, row by row.
    """

    tiles: TileGrid
    side: int
    splits: tuple[Split, ...]

    @property
    def height(self) -> int:
        """Rows of the scene."""
        return self.tiles.height

    @property
    def width(self) -> int:
        """Columns of the scene."""
        return self.tiles.width

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> Window:
        if not 0 <= index < len(self):
            raise IndexError(f"window {index} of a grid of {len(self)}")
        number = bisect_right(self._ends, index)
        area, grid = self.areas[number], self._grids[number]
        inner = grid[index - (self._ends[number - 1] if number else 0)]
        return Window(area.row + inner.row, area.column + inner.column, inner.height, inner.width)

    def __iter__(self) -> Iterator[Window]:
        return (self[index] for index in range(len(self)))

    def counts(self) -> Counter[Split]:
        """Returns how many windows each split has."""
        counts: Counter[Split] = Counter()
        for split, grid in zip(self.splits, self._grids, strict=True):
            counts[split] += len(grid)
        return counts

    def split_of(self, index: int) -> Split:
        """Returns the split of a window."""
        return self.splits[bisect_right(self._ends, index)]

    @cached_property
    def areas(self) -> tuple[Window, ...]:
        """The areas, row by row."""
        return cut_areas(self.tiles, self.side)

    def as_manifest(self) -> list[dict[str, Any]]:
        """Returns the areas with their splits (JSON values)."""
        return [
            {"split": split, "row": area.row, "column": area.column, "height": area.height, "width": area.width}
            for area, split in zip(self.areas, self.splits, strict=True)
        ]

    @cached_property
    def _grids(self) -> tuple[TileGrid, ...]:
        one = self.tiles
        return tuple(TileGrid(a.height, a.width, one.size, one.overlap, one.edges) for a in self.areas)

    @cached_property
    def _ends(self) -> tuple[int, ...]:
        return tuple(accumulate(len(grid) for grid in self._grids))


def cut_areas(tiles: TileGrid, side: int) -> tuple[Window, ...]:
    """Cuts a scene into areas, row by row.

    Args:
        tiles: The grid of its windows.
        side: Windows along a side of an area.
    """
    rows, columns = (_cuts(length, tiles, side) for length in (tiles.height, tiles.width))
    return tuple(Window(row, column, height, width) for row, height in rows for column, width in columns)


def area_side(tiles: TileGrid, least: int) -> int:
    """Chooses how large areas are: as large as they can be where there are to be some number of them.

    Args:
        tiles: The grid of windows.
        least: How many areas there should be; fewer where there are fewer windows.

    Returns:
        Windows along a side of an area, at least 1.
    """
    side = max(1, math.isqrt(len(tiles) // max(1, least)))
    while side > 1 and len(cut_areas(tiles, side)) < least:
        side -= 1
    return side


def _cuts(length: int, tiles: TileGrid, side: int) -> Sequence[tuple[int, int]]:
    """Cuts a length: where parts start, and how long they are.

    A remainder shorter than a window cannot be a part where windows are moved inwards: they would reach into the part
    before. Where they may overhang it can.
    """
    whole = tiles.size + (side - 1) * (tiles.size - tiles.overlap)
    shortest = tiles.size if tiles.edges == "shift" else 1
    count: Literal[1] | int = max(1, length // whole + (length % whole >= shortest))
    return [(k * whole, (length if k == count - 1 else (k + 1) * whole) - k * whole) for k in range(count)]
