from __future__ import annotations

from itertools import product
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changen_cli.scenes.areas import AreaGrid, area_side, cut_areas
from changen_cli.scenes.window import TileGrid, Window
from changen_cli.types import Split


def areas(tiles: TileGrid, side: int) -> AreaGrid:
    """A grid whose areas take turns."""
    splits = tuple(Split)
    return AreaGrid(tiles, side, tuple(splits[k % 3] for k in range(len(cut_areas(tiles, side)))))


def share(a: Window, b: Window) -> bool:
    def meet(start: int, length: int, other: int, other_length: int) -> bool:
        return start < other + other_length and other < start + length

    return meet(a.row, a.height, b.row, b.height) and meet(a.column, a.width, b.column, b.width)


@given(
    height=st.integers(1, 150),
    width=st.integers(1, 150),
    size=st.integers(8, 40),
    overlap=st.integers(0, 7),
    side=st.integers(1, 4),
    edges=st.sampled_from(["shift", "pad"]),
)
def test_no_window_of_a_split_shares_a_pixel_with_one_of_another_and_none_is_left_out(
    height: int, width: int, size: int, overlap: int, side: int, edges: Literal["shift", "pad"]
) -> None:
    tiles = TileGrid(height, width, size, overlap, edges)
    grid = areas(tiles, side)
    windows = list(grid)
    assert len(windows) == len(grid)
    named = list(zip(windows, map(grid.split_of, range(len(grid))), strict=True))
    assert not any(share(a, b) for (a, one), (b, other) in product(named, named) if one != other)
    for row, column in ((0, 0), (height - 1, width - 1), (height // 2, width // 3), (height // 3, 0)):
        point = Window(row, column, 1, 1)
        assert any(share(point, window) for window in windows), "the scene is covered"
    if not overlap:
        assert sorted(map(repr, windows)) == sorted(map(repr, tiles)), "the same tiles, in another order"
    if edges == "shift" and height >= size and width >= size:
        assert all(w.row + size <= height and w.column + size <= width for w in windows)


@pytest.mark.parametrize(
    ("tiles", "least", "side"),
    [(TileGrid(1000, 1000, 100), 20, 2), (TileGrid(1000, 1000, 100), 1, 10), (TileGrid(200, 200, 100), 20, 1),
     (TileGrid(100, 4000, 100), 20, 1), (TileGrid(6400, 6400, 100), 20, 14)],
)  # fmt: skip
def test_areas_are_as_large_as_they_can_be(tiles: TileGrid, least: int, side: int) -> None:
    assert area_side(tiles, least) == side
    assert len(cut_areas(tiles, side)) >= min(least, len(tiles))


def test_areas_are_recorded_and_cover_the_scene_once() -> None:
    grid = areas(TileGrid(250, 330, 100), 2)
    recorded = grid.as_manifest()
    assert recorded[0] == {"split": "train", "row": 0, "column": 0, "height": 250, "width": 200}
    assert sum(one["height"] * one["width"] for one in recorded) == 250 * 330
    with pytest.raises(IndexError):
        grid[len(grid)]
