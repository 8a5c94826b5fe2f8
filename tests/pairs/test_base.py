from __future__ import annotations

import numpy as np

from changen_cli.pairs.base import ChangePair
from changen_cli.scenes.window import Window


def test_a_part_has_every_array_cut() -> None:
    number = np.arange(48, dtype=np.uint8).reshape(6, 8)
    image = np.stack([number] * 3)
    pair = ChangePair("a", image, image + 1, number % 2, number > 9, np.stack([number, number]), number % 3)
    part = pair.cut(Window(1, 2, 3, 4))
    np.testing.assert_array_equal(part.change, pair.change[1:4, 2:6])
    np.testing.assert_array_equal(part.valid, pair.valid[1:4, 2:6])
    assert part.before.shape == part.after.shape == (3, 3, 4)
    assert part.layouts is not None
    assert part.layouts.shape == (2, 3, 4)
    assert part.events is not None
    np.testing.assert_array_equal(part.events, pair.events[1:4, 2:6])  # type: ignore[index]
    plain = ChangePair("a", image, image, number, number > 9).cut(Window(0, 0, 1, 1))
    assert plain.layouts is None
    assert plain.events is None
