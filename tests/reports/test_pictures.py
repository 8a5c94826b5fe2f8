from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from changen_cli.errors import StoreError
from changen_cli.reports.pictures import (
    CREATED,
    KEPT,
    REMOVED,
    as_picture,
    draw_history,
    draw_layouts,
    picture_uri,
    write_picture,
)

PICTURE = np.random.default_rng(0).integers(0, 256, (6, 9, 3)).astype(np.uint8)


def test_layouts_in_colour() -> None:
    first, second = draw_layouts(np.array([[1, 2, 0, 0]], np.uint8), np.array([[2, 0, 1, 0]], np.uint8))
    assert first.tolist() == [[list(KEPT), list(REMOVED), [0, 0, 0], [0, 0, 0]]]
    assert second.tolist() == [[list(KEPT), [0, 0, 0], list(CREATED), [0, 0, 0]]]


def test_history_in_colour() -> None:
    masks = np.array([[[1, 1, 0, 0]], [[1, 0, 1, 1]], [[1, 0, 1, 0]]], np.uint8)
    black = [0, 0, 0]
    assert [picture.tolist() for picture in draw_history(masks)] == [
        [[list(KEPT), list(REMOVED), black, black]],
        [[list(KEPT), black, list(CREATED), list(REMOVED)]],  # what goes at once is shown going
        [[list(KEPT), black, list(KEPT), black]],
    ]


def test_bands_go_last() -> None:
    assert as_picture(np.zeros((3, 4, 5), np.uint8)).shape == (4, 5, 3)


def test_a_png_holds_the_pixels(tmp_path: Path) -> None:
    write_picture(tmp_path / "new" / "a.png", PICTURE)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "new" / "a.png")), PICTURE)
    found = Image.open(io.BytesIO(base64.b64decode(picture_uri(PICTURE).removeprefix("data:image/png;base64,"))))
    np.testing.assert_array_equal(np.asarray(found), PICTURE)


def test_where_no_picture_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"a\.jpg: cannot write the picture: .*choose a \.png path"):
        write_picture(tmp_path / "a.jpg", PICTURE)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        write_picture(tmp_path / "file" / "a.png", PICTURE)
