from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changen_cli.errors import StoreError
from changen_cli.pipeline.mosaic.strips import Strips, overlap_of
from changen_cli.rng import generator
from changen_cli.scenes.blending import Windows
from changen_cli.scenes.window import Window
from changen_cli.types import UInt8Array

HEIGHT, WIDTH = 75, 110


def scene() -> UInt8Array:
    image = generator("strips").integers(0, 256, (4, HEIGHT, WIDTH)).astype(np.uint8)
    image[3] = (image[3] > 99) * 255
    return image


def write(strips: Strips, index: int, image: UInt8Array) -> None:
    cut = strips.windows.row(index, HEIGHT, WIDTH)
    places = [strips.windows.block(window, HEIGHT, WIDTH) for window in cut]
    blocks = [image[:, p.row : p.row + p.height, p.column : p.column + p.width] for p in places]
    assert sum(1 for _ in strips.write(index, blocks)) == len(blocks)


@pytest.fixture(scope="module")
def strips(tmp_path_factory: pytest.TempPathFactory) -> Strips:
    root = tmp_path_factory.mktemp("strips")
    made = Strips(root, root / "t1", HEIGHT, WIDTH, Windows(32, 8))
    for index in range(made.count):
        write(made, index, scene())
    return made


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 74), st.integers(0, 109), st.integers(1, 80), st.integers(1, 120))
def test_any_window_is_read(strips: Strips, row: int, column: int, height: int, width: int) -> None:
    window = Window(row, column, height, width).within(HEIGHT, WIDTH)
    image, valid = strips.read(window)
    wanted = scene()[:, row : row + window.height, column : column + window.width]
    np.testing.assert_array_equal(image, wanted[:3])
    np.testing.assert_array_equal(valid, wanted[3] > 0)


def test_what_is_done_is_counted_up_to_the_first_gap(tmp_path: Path) -> None:
    strips = Strips(tmp_path, tmp_path / ".changen" / "t1", HEIGHT, WIDTH, Windows(32, 8))
    assert (strips.count, strips.done()) == (3, 0)
    for index in (0, 2):
        write(strips, index, scene())
    assert strips.done() == 1
    with pytest.raises(StoreError, match="000001"):
        strips.read(Window(30, 0, 1, 1))
    write(strips, 1, scene())
    assert strips.done() == 3


def test_a_strip_that_is_not_whole_is_not_there(tmp_path: Path) -> None:
    strips = Strips(tmp_path, tmp_path / "t1", HEIGHT, WIDTH, Windows(32, 8))
    writing = strips.write(0, [scene()[:, :24, :24]] * 4)
    next(writing)
    writing.close()
    assert strips.done() == 0
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_overlaps() -> None:
    here, there = overlap_of(Window(10, 20, 30, 40), Window(0, 50, 25, 99))
    assert here == (slice(0, 15), slice(30, 40))
    assert there == (slice(10, 25), slice(0, 10))
    here, _ = overlap_of(Window(0, 0, 5, 5), Window(9, 9, 2, 2))
    assert np.zeros((5, 5))[here].size == 0
