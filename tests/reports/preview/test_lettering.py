from __future__ import annotations

import numpy as np
from PIL import Image

from changen_cli.reports.preview.lettering import INK, LINE, length, letter


def test_words_are_written_in_their_colours_and_cut_at_the_edge() -> None:
    picture = Image.new("RGB", (200, LINE))
    words = [("red", (255, 0, 0)), ("blue", (0, 0, 255))]
    letter(picture, (2, 2), words)
    seen = np.asarray(picture)
    red, blue = (np.flatnonzero((seen[..., band] > 120).any(0)) for band in (0, 2))
    assert red.max() <= blue.min()
    assert blue.max() <= 2 + length(words) < blue.max() + 6
    narrow = Image.new("RGB", (60, LINE))
    letter(narrow, (2, 2), [("a text that is far too long", INK)])
    assert np.asarray(narrow).any()
    assert not np.asarray(narrow)[:, -1].any()  # it ends before the edge
