from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changen_cli.rng import generator
from changen_cli.scenes.blending import Windows, blend
from changen_cli.scenes.window import Window
from changen_cli.types import Float32Array


def joined(blocks: Iterator[tuple[Window, Float32Array, Window]], height: int, width: int) -> Float32Array:
    """Puts blocks of two maps together, and checks that they do not overlap."""
    image = np.full((2, height, width), np.nan, np.float32)
    for block, values, origin in blocks:
        assert (block.row, block.column) == (origin.row, origin.column)
        part = image[:, block.row : block.row + block.height, block.column : block.column + block.width]
        assert np.isnan(part).all()
        part[:] = values
    return image


@given(st.integers(1, 90), st.integers(1, 90), st.integers(8, 40), st.data())
def test_what_windows_agree_on_stays_and_a_later_start_gives_the_same_blocks(
    height: int, width: int, size: int, data: st.DataObject
) -> None:
    windows = Windows(size, data.draw(st.integers(0, size // 2)))
    first = data.draw(st.integers(0, windows.count(height) - 1))
    image = generator(height, width).random((2, height, width), np.float32)
    made: list[Window] = []

    def cut(row: list[Window], scale: float) -> Iterator[tuple[Float32Array, Window]]:
        for window in row:
            made.append(window)
            part = image[:, window.row : window.row + window.height, window.column : window.column + window.width]
            assert part.shape[1:] == (window.height, window.width)
            yield part + np.float32(scale * window.column + window.row), window

    same = joined(blend(lambda row: cut(row, 0), height, width, windows), height, width)
    assert len(made) == windows.blocks(height, width)
    rows = np.arange(height, dtype=np.float32)[:, None]
    assert np.abs(same - image).max() <= rows.max() + 1e-4  # whatever the windows add, nothing is lost or doubled
    whole = joined(blend(lambda row: cut(row, 1), height, width, windows), height, width)
    made.clear()
    again = joined(blend(lambda row: cut(row, 1), height, width, windows, first), height, width)
    top = first * windows.stride
    np.testing.assert_array_equal(again[:, top:], whole[:, top:])
    assert np.isnan(again[:, :top]).all()
    assert {window.row for window in made} == {
        w * windows.stride for w in range(max(0, first - 1), 1 + made[-1].row // windows.stride)
    }


def test_weights_add_up_to_one_and_fall_in_a_line() -> None:
    windows = Windows(32, 16)

    def number(row: list[Window]) -> Iterator[tuple[Float32Array, Window]]:
        for window in row:
            yield np.full((2, window.height, window.width), window.column // 16 % 2, np.float32), window

    line = joined(blend(number, 32, 80, windows), 32, 80)[0, 7]
    np.testing.assert_allclose(line[16:32], (np.arange(16) + 0.5) / 16, atol=1e-6)
    np.testing.assert_allclose(line[32:48], 1 - (np.arange(16) + 0.5) / 16, atol=1e-6)


def test_blocks_of_windows() -> None:
    windows = Windows(64, 16)
    row = windows.row(1, 130, 100)
    assert [(w.row, w.column, w.height, w.width) for w in row] == [(48, 0, 64, 64), (48, 48, 64, 52)]
    assert [windows.block(w, 130, 100).width for w in row] == [48, 52]
    assert windows.count(130) == 3
    assert windows.block(windows.row(2, 130, 100)[0], 130, 100) == Window(96, 0, 34, 48)
    with pytest.raises(AttributeError):
        windows.size = 3  # type: ignore[misc]
