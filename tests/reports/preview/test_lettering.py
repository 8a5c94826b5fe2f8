from __future__ import annotations

import numpy as np
from PIL import Image

from changen_cli.reports.preview.lettering import INK, LINE, letter


def test_words_are_written_in_their_colours_and_cut_at_the_edge() -> None:
    picture = Image.new("RGB", (200, LINE))
    letter(picture, (2, 2), [("red", (255, 0, 0)), ("blue", (0, 0, 255))])
    seen = np.asarray(picture)
    red, blue = (np.flatnonzero((seen[..., band] > 120).any(0)) for band in (0, 2))
    assert red.max() <= blue.min()
    narrow = Image.new("RGB", (60, LINE))
    letter(narrow, (2, 2), [("a text that is far too long", INK)])
    assert np.asarray(narrow).any()
    short = Image.new("RGB", (60, LINE))
    letter(short, (2, 2), [("a t...", INK)])
    assert np.asarray(narrow)[:, :20].any()
    assert not np.asarray(narrow)[:, -1].any()  # it ends before the edge
