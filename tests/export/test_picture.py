from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from changen_cli.export.picture import Picture


def test_pixels_are_packed_without_loss(tmp_path: Path) -> None:
    pixels = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    picture = Picture(pixels)
    assert picture.size == (4, 5)
    (tmp_path / "x.png").write_bytes(picture.png())
    with Image.open(tmp_path / "x.png") as image:
        assert (np.asarray(image).transpose(2, 0, 1) == pixels).all()


def test_a_file_that_is_there_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"as it is")
    assert Picture(np.zeros((1, 2, 2), np.uint8), tmp_path / "x.png").png() == b"as it is"
