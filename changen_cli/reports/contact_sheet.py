"""Contact sheets: small pictures in rows, to be looked at side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from changen_cli.metrics.pairs import Pair
from changen_cli.reports.pictures import as_picture, draw_layouts
from changen_cli.types import UInt8Array

MARGIN = 4
"""Black pixels to the right of and below each picture."""

Row = Sequence[UInt8Array | None]
"""Pictures, uint8 [H, W, 3], from left to right; None leaves a place black."""


def contact_sheet(rows: Sequence[Row]) -> UInt8Array:
    """Joins pictures of one size to a sheet with thin black margins.

    Args:
        rows: At least one picture; what rows are shorter than the longest stays black.

    Returns:
        uint8 [rows * (H + margin), columns * (W + margin), 3].
    """
    height, width, bands = next(picture.shape for row in rows for picture in row if picture is not None)
    down, across = height + MARGIN, width + MARGIN
    sheet = np.zeros((len(rows) * down, max(map(len, rows)) * across, bands), np.uint8)
    for line, row in enumerate(rows):
        for place, picture in enumerate(row):
            if picture is not None:
                sheet[line * down :, place * across :][:height, :width] = picture
    return sheet


def change_row(image: UInt8Array, before: UInt8Array, after: UInt8Array, made: Iterable[UInt8Array | None]) -> Row:
    """Makes a row that shows what was asked of a step, and what was made of it.

    Args:
        image: I_t, uint8 [3, H, W].
        before: S_t, uint8 [H, W].
        after: S_t+1, uint8 [H, W].
        made: One I~_t+1 or several, uint8 [3, H, W]; None for one that is not there.

    Returns:
        I_t, S_t (removed in red), S_t+1 (created in green), and what was made.
    """
    results = (None if one is None else as_picture(one) for one in made)
    return [as_picture(image), *draw_layouts(before, after), *results]


def pair_row(pair: Pair) -> Row:
    """Makes the row of a pair, as :func:`change_row`; kept buildings are left out where they are not known."""
    kept = np.zeros_like(pair.created) if pair.kept is None else pair.kept
    before, after = ((kept | part).astype(np.uint8) for part in (pair.removed, pair.created))
    return change_row(pair.before, before, after, [pair.after])
