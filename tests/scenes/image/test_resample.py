from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from changen_cli.scenes.image.resample import make_taps, resample


@given(st.floats(0.2, 7.0), st.integers(8, 60))
def test_weights_add_up_and_stay_inside(scale: float, length: int) -> None:
    count = max(1, int(length / scale))
    taps = make_taps(0, count, scale, length)
    assert np.allclose(taps.weight.sum(axis=0), 1, atol=1e-5)
    assert 0 <= taps.start < taps.stop <= length
    assert taps.index.min() >= 0
    assert taps.index.max() < taps.stop - taps.start


def test_mean_of_the_area_covered() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (2, 12, 12), dtype=np.uint8)
    taps = make_taps(0, 4, 3.0, 12)
    image, valid = resample(pixels, np.ones((12, 12), bool), taps, taps)
    assert np.allclose(image, pixels.reshape(2, 4, 3, 4, 3).mean(axis=(2, 4)), atol=1e-3)
    assert valid.all()


def test_fractional_scale_keeps_a_gradient() -> None:
    ramp = np.tile(np.arange(100, dtype=np.float32), (1, 100, 1))
    taps = make_taps(0, 40, 2.5, 100)
    image, _ = resample(ramp, np.ones((100, 100), bool), taps, taps)
    centres = (np.arange(40) + 0.5) * 2.5
    # A pixel of value v spans v to v + 1, so the mean over a span centred at c lies within half a pixel of c - 0.5.
    assert np.abs(image[0, 0] - (centres - 0.5)).max() < 0.11


def test_finer_is_bilinear() -> None:
    ramp = np.tile(np.arange(10, dtype=np.float32), (1, 10, 1))
    taps = make_taps(0, 20, 0.5, 10)
    image, _ = resample(ramp, np.ones((10, 10), bool), taps, taps)
    assert np.allclose(image[0, 0, 1:-1], np.arange(1, 19) * 0.5 - 0.25)


def test_invalid_pixels_take_no_part() -> None:
    pixels = np.full((1, 4, 4), 100, np.uint8)
    valid = np.ones((4, 4), bool)
    pixels[:, :2, :2], valid[:2, :2] = 0, False
    pixels[0, 3, 3], valid[3, 3] = 255, False
    taps = make_taps(0, 2, 2.0, 4)
    image, known = resample(pixels, valid, taps, taps)
    assert known.tolist() == [[False, True], [True, True]]
    assert image[0][known] == pytest.approx(100)


@given(st.floats(0.3, 4.0), st.integers(0, 10), st.integers(1, 10))
def test_a_window_gives_the_bits_of_the_whole(scale: float, first: int, count: int) -> None:
    length = 100
    pixels = np.random.default_rng(1).integers(0, 255, (1, length, length), dtype=np.uint8)
    valid = np.random.default_rng(2).random((length, length)) > 0.2
    total = int(length / scale)
    every = make_taps(0, total, scale, length)
    part = make_taps(first, count, scale, length)
    cut = slice(part.start, part.stop)
    whole, whole_valid = resample(
        pixels[:, : every.stop, : every.stop], valid[: every.stop, : every.stop], every, every
    )
    tile, tile_valid = resample(pixels[:, cut, cut], valid[cut, cut], part, part)
    place = slice(first, first + count)
    assert np.array_equal(tile_valid, whole_valid[place, place])
    assert np.array_equal(tile[:, tile_valid], whole[:, place, place][:, tile_valid])
