from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from changen_cli.metrics.structure import LEAST, REACH, edge_structure, similarity
from changen_cli.types import BoolArray, UInt8Array

Ground = Callable[..., UInt8Array]
ALL = np.ones((96, 96), bool)


def _rho(first: UInt8Array, second: UInt8Array, where: BoolArray = ALL) -> float | None:
    return similarity(edge_structure(first), edge_structure(second), where)


def _known(first: UInt8Array, second: UInt8Array) -> float:
    value = _rho(first, second)
    assert value is not None
    return value


def test_copy_is_one_whatever_its_colours(ground: Ground) -> None:
    image = ground(1)
    assert _rho(image, image) == pytest.approx(1)
    assert _rho(image, 255 - image) == pytest.approx(1)
    assert _rho(image, image // 2 + 60) == pytest.approx(1, abs=0.02)
    assert _rho(image, image[[2, 0, 1]]) == pytest.approx(1)


def test_independent_images_average_to_zero(ground: Ground) -> None:
    values = [_known(ground("a", n), ground("b", n)) for n in range(30)]
    assert abs(np.mean(values)) < 0.02
    assert np.std(values) < 0.1


def test_like_directions_everywhere_are_no_similarity() -> None:
    draw = np.random.default_rng(0)
    stripes = [np.broadcast_to(draw.integers(0, 255, (1, 1, 96)), (3, 96, 96)).astype(np.uint8) for _ in range(40)]
    values = [_known(a, b) for a, b in zip(stripes[::2], stripes[1::2], strict=True)]
    assert abs(np.mean(values)) < 0.1


def test_noise_lowers_it(ground: Ground) -> None:
    image = ground(2)
    noise = np.random.default_rng(0).normal(0, 30, image.shape)
    value = _rho(image, (image + noise).clip(0, 255).astype(np.uint8))
    assert value is not None
    assert 0.3 < value < 0.95


def test_flat_images(ground: Ground) -> None:
    flat = np.full((3, 96, 96), 90, np.uint8)
    assert _rho(ground(3), flat) == 0
    assert _rho(flat, ground(3)) is None


def test_small_regions_cannot_be_told(ground: Ground) -> None:
    where = np.zeros((96, 96), bool)
    where[REACH, REACH : REACH + LEAST - 1] = True
    where[:REACH] = True  # the border does not count
    assert _rho(ground(3), ground(3), where) is None
    where[REACH, REACH + LEAST - 1] = True
    assert _rho(ground(3), ground(3), where) == pytest.approx(1)


def test_reach_is_how_far_a_pixel_matters(ground: Ground) -> None:
    image = ground(4)
    other = image.copy()
    other[:, 48, 48] ^= 255
    differs = np.argwhere(edge_structure(image) != edge_structure(other))
    assert np.abs(differs - 48).max() <= REACH


def test_doubled_angle_tells_directions_apart() -> None:
    ramp = np.broadcast_to(np.arange(96) * 2, (3, 96, 96)).astype(np.uint8)
    across, down = edge_structure(ramp)[48, 48], edge_structure(ramp.transpose(0, 2, 1))[48, 48]
    assert across.real == pytest.approx(2 * np.sqrt(3), rel=1e-3)
    assert down.real == pytest.approx(-across.real)
    assert abs(across.imag) < 1e-3
