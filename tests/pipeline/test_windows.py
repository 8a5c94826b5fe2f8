from __future__ import annotations

import pytest

from changen_cli.errors import UsageError
from changen_cli.pipeline.windows import mosaic_windows


@pytest.mark.parametrize(("tile", "overlap", "expected"), [(256, 0, 64), (256, 128, 128), (128, 0, 32), (512, 96, 96)])
def test_a_quarter_of_the_window_is_shared_where_nothing_is_said(tile: int, overlap: int, expected: int) -> None:
    windows = mosaic_windows(tile, overlap)
    assert (windows.size, windows.overlap) == (tile, expected)


@pytest.mark.parametrize(
    ("tile", "overlap", "message"),
    [(100, 0, "multiples of 32"), (96, 0, "at least 32"), (256, 40, "multiples of 32"), (256, 160, "at most half")],
)
def test_windows_that_cannot_be(tile: int, overlap: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        mosaic_windows(tile, overlap)
