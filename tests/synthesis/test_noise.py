from __future__ import annotations

import numpy as np

from changen_cli.synthesis.noise import draw_noise

KEY = (1, "scene", "tile", 0)


def test_each_step_has_its_own_stream() -> None:
    three = draw_noise(KEY, 3, 4)
    assert three.shape == (3, 4)
    assert three.dtype == np.float32
    assert np.array_equal(three[:2], draw_noise(KEY, 2, 4))
    assert len({step.tobytes() for step in three}) == 3
    assert not np.array_equal(three, draw_noise((2, *KEY[1:]), 3, 4))


def test_a_synthesizer_without_z_gets_none() -> None:
    assert draw_noise(KEY, 2, 0).shape == (2, 0)
