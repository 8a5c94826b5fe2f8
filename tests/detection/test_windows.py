from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changen_cli.detection.windows import Block, Images, Windows, predict_batch, predict_blocks
from changen_cli.rng import generator
from changen_cli.scenes.window import Window
from changen_cli.types import BoolArray, Float32Array, UInt8Array
from tests.detection.conftest import Difference, Everywhere


def noise(height: int, width: int) -> tuple[UInt8Array, UInt8Array]:
    draw = generator(3, height, width)
    before, after = (draw.integers(0, 255, (3, height, width)).astype(np.uint8) for _ in range(2))
    return before, after


def blocks_of(
    predictor: Difference, before: UInt8Array, after: UInt8Array, windows: Windows, valid: BoolArray | None = None
) -> list[Block]:
    height, width = before.shape[1:]
    seen = np.ones((height, width), bool) if valid is None else valid

    def read(window: Window) -> Images:
        assert window == window.within(height, width)
        rows = slice(window.row, window.row + window.height)
        columns = slice(window.column, window.column + window.width)
        return before[:, rows, columns], after[:, rows, columns], seen[rows, columns]

    return list(predict_blocks(predictor, read, height, width, windows, "cpu"))


def joined(blocks: list[Block], height: int, width: int) -> Float32Array:
    """Puts blocks together, and checks that each pixel is in one of them."""
    image = np.zeros((height, width), np.float32)
    count = np.zeros((height, width), int)
    for block in blocks:
        rows = slice(block.window.row, block.window.row + block.window.height)
        columns = slice(block.window.column, block.window.column + block.window.width)
        image[rows, columns] = block.probability
        count[rows, columns] += 1
    assert (count == 1).all()
    return image


@given(
    height=st.integers(1, 150),
    width=st.integers(1, 150),
    size=st.integers(32, 64),
    overlap=st.integers(0, 16),
    batch_size=st.integers(1, 3),
)
def test_a_predictor_of_single_pixels_sees_no_windows(
    height: int, width: int, size: int, overlap: int, batch_size: int
) -> None:
    before, after = noise(height, width)
    windows = Windows(size, overlap, batch_size)
    predictor = Difference()
    blocks = blocks_of(predictor, before, after, windows)
    assert len(blocks) == windows.blocks(height, width) == sum(shape[0] for shape in predictor.shown)
    expected = np.abs(after.astype(np.float32) - before).mean(0) / 255
    np.testing.assert_allclose(joined(blocks, height, width), expected, atol=1e-6)


def test_windows_fade_into_each_other(everywhere: type[Everywhere]) -> None:
    """Each window says one number: along a line the sum goes from the one to the next without a jump."""
    before, after = noise(64, 256)
    found = joined(blocks_of(everywhere(), before, after, Windows(64, 16, 1)), 64, 256)
    line = found[5]
    assert (np.ptp(found, axis=0) < 1e-6).all()
    assert line[0] == 0
    assert line[60] == pytest.approx(1 / 7 * (12.5 / 16))
    assert np.abs(np.diff(line)).max() < 1 / 7 / 15
    corner = joined(blocks_of(everywhere(), *noise(160, 160), Windows(64, 16, 2)), 160, 160)
    assert max(np.abs(np.diff(corner, axis=axis)).max() for axis in (0, 1)) < 3 / 7 / 15


def test_what_no_window_sees_is_not_shown(difference: Difference) -> None:
    before, after = noise(200, 200)
    valid = np.zeros((200, 200), bool)
    valid[150:, 150:] = True
    blocks = blocks_of(difference, before, after, Windows(64, 16, 4), valid)
    assert sum(shape[0] for shape in difference.shown) == 4
    found = joined(blocks, 200, 200)
    assert not found[:96, :96].any()
    whole = np.abs(after.astype(np.float32) - before).mean(0) / 255
    np.testing.assert_allclose(found[valid], whole[valid], atol=1e-6)
    assert sum(np.count_nonzero(block.valid) for block in blocks) == 2500


def test_batches_do_not_matter(everywhere: type[Everywhere]) -> None:
    before, after = noise(150, 170)
    one, many = (joined(blocks_of(Difference(), before, after, Windows(64, 16, size)), 150, 170) for size in (1, 5))
    np.testing.assert_array_equal(one, many)


def test_small_images_are_filled_up(difference: Difference) -> None:
    before, after = noise(5, 40)
    found = predict_batch(difference, [(before, after, np.ones((5, 40), bool))], "cpu")
    assert difference.shown == [(1, 3, 32, 40)]
    np.testing.assert_allclose(found[0], np.abs(after.astype(np.float32) - before).mean(0) / 255, atol=1e-6)
