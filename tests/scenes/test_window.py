from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changen_cli.errors import UsageError
from changen_cli.scenes.window import TileGrid, WholeScene, Window

Edges = Literal["shift", "pad"]

lengths = st.integers(1, 90)


@given(lengths, lengths, st.integers(1, 40), st.data(), st.sampled_from(["shift", "pad"]))
def test_grid_covers_every_pixel(height: int, width: int, size: int, data: st.DataObject, edges: Edges) -> None:
    overlap = data.draw(st.integers(0, size - 1))
    grid = TileGrid(height, width, size, overlap, edges)
    seen = np.zeros((height, width), int)
    windows = list(grid)
    for window in windows:
        assert (window.height, window.width) == (size, size)
        assert 0 <= window.row < height
        assert 0 <= window.column < width
        inside = window.within(height, width)
        seen[inside.row : inside.row + inside.height, inside.column : inside.column + inside.width] += 1
        if edges == "shift":
            assert window.row + size <= max(height, size)
            assert window.column + size <= max(width, size)
    assert seen.min() >= 1
    assert len(windows) == len(grid) == len(set(windows))
    if edges == "pad" and overlap == 0:
        assert seen.max() == 1


def test_neighbours_share_the_overlap() -> None:
    grid = TileGrid(100, 100, 40, overlap=10)
    assert [grid[i].column for i in range(3)] == [0, 30, 60]
    assert TileGrid(95, 95, 40, overlap=10)[2].column == 55
    assert TileGrid(95, 95, 40, overlap=10, edges="pad")[2].column == 60


def test_a_country_is_not_listed() -> None:
    grid = TileGrid(4_000_000, 4_000_000, 256)
    assert len(grid) == 15_625**2
    assert grid[len(grid) - 1] == Window(3_999_744, 3_999_744, 256, 256)
    with pytest.raises(IndexError):
        grid[len(grid)]


def test_tile_ids_sort_as_their_places_do() -> None:
    ids = [window.tile_id for window in TileGrid(3000, 3000, 256)]
    assert ids[1] == "r000000_c000256"
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((10, 10, 0), "tile size 0"), ((10, 10, 4, 4), "overlap 4"), ((10, 10, 4, 0, "wrap"), "edges 'wrap'")],
)
def test_unusable_grids(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TileGrid(*arguments)


def test_a_whole_scene_is_one_window() -> None:
    scene = WholeScene(30, 40)
    assert (len(scene), scene[0], list(scene)) == (1, Window(0, 0, 30, 40), [Window(0, 0, 30, 40)])
    with pytest.raises(IndexError, match="window 1 of a whole scene"):
        scene[1]
