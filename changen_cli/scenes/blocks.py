"""A scene divided by area: blocks of tiles, each of one split, which share no pixel with those of another."""

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
class BlockGrid:
    """Windows that cover a scene block by block. Where windows share no pixels they are those of a :class:`TileGrid`.

    A block is as long as ``side`` windows, and the last of a row or column as long as what is left: it may have fewer
    windows, or a remainder that is no window is added to it. Windows lie within their block; only at the edges of the
    scene may they overhang. So windows of two blocks never share a pixel, whatever ``overlap`` is.

    Attributes:
        tiles: The grid without blocks: sizes, overlap, edges.
        side: Windows along a side of a block.
        splits: Split of each block, row by row.
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
        block = bisect_right(self._ends, index)
        area, grid = self.areas[block], self._grids[block]
        inner = grid[index - (self._ends[block - 1] if block else 0)]
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
        """The blocks, row by row."""
        return block_areas(self.tiles, self.side)

    def as_manifest(self) -> list[dict[str, Any]]:
        """Returns the blocks with their splits (JSON values)."""
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


def block_areas(tiles: TileGrid, side: int) -> tuple[Window, ...]:
    """Cuts a scene into blocks, row by row.

    Args:
        tiles: The grid of its windows.
        side: Windows along a side of a block.
    """
    rows, columns = (_cuts(length, tiles, side) for length in (tiles.height, tiles.width))
    return tuple(Window(row, column, height, width) for row, height in rows for column, width in columns)


def block_side(tiles: TileGrid, least: int) -> int:
    """Chooses how large blocks are: as large as they can be where there are to be some number of them.

    Args:
        tiles: The grid of windows.
        least: How many blocks there should be; fewer where there are fewer windows.

    Returns:
        Windows along a side of a block, at least 1.
    """
    side = max(1, math.isqrt(len(tiles) // max(1, least)))
    while side > 1 and len(block_areas(tiles, side)) < least:
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
