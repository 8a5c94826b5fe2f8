from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from changen_cli.metrics.pairs import Pair
from changen_cli.reports.contact_sheet import MARGIN, contact_sheet, pair_row
from changen_cli.reports.pictures import CREATED, KEPT, REMOVED


def test_rows_are_filled_with_black() -> None:
    red, grey = (np.full((5, 7, 3), colour, np.uint8) for colour in ((255, 0, 0), (9, 9, 9)))
    sheet = contact_sheet([[red, None, grey], [grey]])
    assert sheet.shape == (2 * (5 + MARGIN), 3 * (7 + MARGIN), 3)
    assert sheet.dtype == np.uint8
    cells = [[sheet[r * (5 + MARGIN) :, c * (7 + MARGIN) :][:5, :7] for c in range(3)] for r in range(2)]
    np.testing.assert_array_equal(cells[0][0], red)
    np.testing.assert_array_equal(cells[0][2], grey)
    np.testing.assert_array_equal(cells[1][0], grey)
    assert sheet.sum(dtype=int) == red.sum(dtype=int) + 2 * grey.sum(dtype=int)


def test_row_of_a_pair_colours_what_happened(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair()
    first, removed, created, last = pair_row(pair)
    assert first is not None
    assert removed is not None
    assert created is not None
    assert last is not None
    np.testing.assert_array_equal(first, pair.before.transpose(1, 2, 0))
    np.testing.assert_array_equal(last, pair.after.transpose(1, 2, 0))
    assert (removed[pair.removed] == REMOVED).all()
    assert (created[pair.created] == CREATED).all()
    assert (removed[pair.kept] == KEPT).all()
    assert (created[pair.ground] == 0).all()
    unknown = pair_row(replace(pair, kept=None))[1]
    assert unknown is not None
    assert (unknown[pair.kept] == 0).all()
