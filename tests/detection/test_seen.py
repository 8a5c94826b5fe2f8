from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from changen_cli.detection.seen import WIDEST, most_of, show
from changen_cli.pairs.base import ChangePair
from changen_cli.scenes.window import Window
from tests.detection.conftest import Difference


@pytest.mark.parametrize(("row", "column"), [(0, 0), (61, 3), (99, 79), (40, 79), (50, 50)])
@pytest.mark.parametrize("widest", [11, 12])
def test_the_window_holds_most(row: int, column: int, widest: int) -> None:
    weight = np.zeros((100, 80))
    weight[row, column] = 1
    found = most_of(weight, widest)
    assert (found.height, found.width) == (widest, widest)
    assert found == found.within(100, 80)
    assert found.row <= row < found.row + widest
    assert found.column <= column < found.column + widest


def test_a_small_image_is_its_own_window() -> None:
    assert most_of(np.ones((7, 20)), 12) == Window(0, most_of(np.ones((7, 20)), 12).column, 7, 12)
    assert most_of(np.ones((7, 8)), 12) == Window(0, 0, 7, 8)


def test_a_large_pair_is_shown_where_it_changed(difference: Difference) -> None:
    image = np.zeros((3, 600, 700), np.uint8)
    change = np.zeros((600, 700), np.uint8)
    change[560:590, 640:690] = 1

    class One:
        name = "one"
        ids: Sequence[str] = ("a",)
        event_names: tuple[str, ...] = ()

        def __len__(self) -> int:
            return 1

        def shape(self, index: int) -> tuple[int, int]:
            return 600, 700

        def read(self, index: int, window: Window | None = None) -> ChangePair:
            pair = ChangePair("a", image, image + 51, change, np.ones((600, 700), bool))
            return pair if window is None else pair.cut(window)

    seen = show(difference, One(), 0, None, 0.25, "cpu")
    assert seen.pair.change.shape == seen.probability.shape == (WIDEST, WIDEST)
    assert seen.pair.change.sum() == change.sum()
    assert seen.f1 == 0.25
    np.testing.assert_allclose(seen.probability, 0.2)
    part = show(difference, One(), 0, Window(0, 0, 100, 90), 0.25, "cpu")
    assert part.probability.shape == (100, 90)
