from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from changen_cli.reports.contact_sheet import MARGIN
from changen_cli.reports.pictures import CREATED, REMOVED
from changen_cli.reports.preview.chosen import Chosen
from changen_cli.reports.preview.lettering import LINE, length
from changen_cli.reports.preview.sheet import LEGENDS, draw_sheet, series_rows
from changen_cli.reports.preview.sheet import MARGIN as EDGE
from changen_cli.store.series import SeriesDataset

DOWN, ACROSS = 24 + MARGIN, 40 + MARGIN
HEAD, TITLE = 2 * LINE, 2 * LINE
LEGEND = length(LEGENDS["series"]) + 2 * EDGE


def test_titles_above_a_row_of_images_above_a_row_of_layouts(output: Callable[[str], SeriesDataset]) -> None:
    data = output("zarr")
    sheet = draw_sheet(Chosen(data, [0, 1]))
    assert sheet.shape == (HEAD + 2 * (TITLE + 2 * DOWN), LEGEND, 3)
    top = HEAD + TITLE
    np.testing.assert_array_equal(sheet[top : top + 24, ACROSS : ACROSS + 40], data[0].image[1].transpose(1, 2, 0))
    layouts = sheet[top + DOWN : top + 2 * DOWN]
    assert (layouts[:, ACROSS : 2 * ACROSS] == CREATED).all(2).any()
    assert (layouts == REMOVED).all(2).any()
    for part in (sheet[:LINE], sheet[LINE:HEAD], sheet[HEAD : HEAD + LINE], sheet[HEAD + LINE : top]):
        assert part.any(), "a line of words"
    legend = sheet[LINE:HEAD].astype(int)
    assert (legend.min(2) > 200).any(), "kept"
    assert (legend[..., 1] - legend[..., 0] > 100).any(), "created"
    assert (legend[..., 0] - legend[..., 1] > 100).any(), "removed: the legend is not cut where the sheet is narrow"


def test_pairs_have_their_change_below_the_second_image(output: Callable[[str], SeriesDataset]) -> None:
    data = output("levir")
    images, labels = series_rows(data[0])
    assert (len(images), len(labels), labels[0]) == (2, 2, None)
    assert labels[1] is not None
    np.testing.assert_array_equal(labels[1][..., 0], data[0].change[0] * np.uint8(255))
    assert draw_sheet(Chosen(data, [0])).shape == (HEAD + TITLE + 2 * DOWN, length(LEGENDS["pairs"]) + 2 * EDGE, 3)


@pytest.mark.parametrize(("most", "height"), [(20, 12), (400, 24)])
def test_pictures_are_made_smaller_on_request(output: Callable[[str], SeriesDataset], most: int, height: int) -> None:
    assert draw_sheet(Chosen(output("zarr"), [0]), most).shape[0] == HEAD + TITLE + 2 * (height + MARGIN)
