from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from changen_cli.metrics.change.leakage import FLOOR, Leakage
from changen_cli.metrics.change.pairs import Pair, grow
from changen_cli.metrics.change.structure import edge_structure

Make = Callable[..., Pair]
Ground = Callable[..., np.ndarray]


def _measure(pairs: list[Pair]) -> dict[str, float]:
    leakage = Leakage()
    for pair in pairs:
        leakage.update(pair, edge_structure(pair.before), edge_structure(pair.after))
    return leakage.compute()


def _pairs(make: Make, after: Callable[[Pair], np.ndarray]) -> list[Pair]:
    return [make(number, after) for number in range(8)]


def _restyled(image: np.ndarray) -> np.ndarray:
    return (255 * (image[[2, 0, 1]] / 255.0) ** 0.7 * 0.8 + 20).astype(np.uint8)


def _replaced(ground: Ground, pair: Pair) -> np.ndarray:
    return np.where(grow(pair.removed, 2), ground("other", pair.id), pair.before)


def test_copy_leaks_everything(make_pair: Make) -> None:
    found = _measure(_pairs(make_pair, lambda pair: pair.before))
    assert found["value"] == pytest.approx(1)
    assert found["interior"] == pytest.approx(1)
    assert (found["pairs"], found["pixels"]) == (8, 8 * 600)


def test_restyled_copy_leaks_as_much(make_pair: Make) -> None:
    assert _measure(_pairs(make_pair, lambda pair: _restyled(pair.before)))["value"] > 0.97


def test_noise_leaks_nothing(make_pair: Make) -> None:
    draw = np.random.default_rng(0)
    found = _measure(_pairs(make_pair, lambda pair: draw.integers(0, 255, pair.before.shape).astype(np.uint8)))
    assert abs(found["ground_structure"]) < 0.02
    assert found["value"] < 0.15


def test_replaced_ground_leaks_nothing_restyled_or_not(make_pair: Make, ground: Ground) -> None:
    for style in (lambda image: image, _restyled):
        found = _measure(_pairs(make_pair, lambda pair, style=style: style(_replaced(ground, pair))))
        assert found["ground_structure"] > 0.95
        assert found["value"] < 0.12
        assert found["interior"] < 0.12


def test_generator_that_never_removes_is_caught(make_pair: Make, roofs: Ground) -> None:
    """S_t and S_t+1 swapped: removed buildings are drawn again, with another roof; the outline gives them away."""
    found = _measure(_pairs(make_pair, lambda pair: roofs(pair.before, pair.removed, "new", pair.id)))
    assert found["value"] > 0.4
    assert found["interior"] < 0.15


def test_half_kept_is_between(make_pair: Make, ground: Ground) -> None:
    def mixed(pair: Pair) -> np.ndarray:
        return ((_replaced(ground, pair).astype(int) + pair.before) // 2).astype(np.uint8)

    assert 0.3 < _measure(_pairs(make_pair, mixed))["value"] < 0.95


def test_a_generator_that_redraws_everything_is_judged_by_its_ground(make_pair: Make) -> None:
    draw = np.random.default_rng(1)

    def noisy(pair: Pair) -> np.ndarray:
        return (pair.before + draw.normal(0, 40, pair.before.shape)).clip(0, 255).astype(np.uint8)

    found = _measure(_pairs(make_pair, noisy))
    assert found["removed_structure"] < 0.8
    assert found["value"] > 0.9


def test_floor_stops_the_division(make_pair: Make) -> None:
    def only_roofs(pair: Pair) -> np.ndarray:
        noise = np.random.default_rng(2).integers(0, 255, pair.before.shape).astype(np.uint8)
        return np.where(grow(pair.removed, 7), pair.before, noise)

    found = _measure(_pairs(make_pair, only_roofs))
    assert found["ground_structure"] < FLOOR
    assert found["value"] == 1


def test_edge_of_the_data_is_no_structure(make_pair: Make, ground: Ground) -> None:
    def half_valid(pair: Pair) -> Pair:
        valid = np.arange(96)[None] + np.zeros((96, 1), int) >= 30
        parts = {name: getattr(pair, name) & valid for name in ("created", "removed", "kept", "ground")}
        return replace(pair, valid=valid, before=pair.before * valid, after=pair.after * valid, **parts)

    pairs = [half_valid(pair) for pair in _pairs(make_pair, lambda pair: _replaced(ground, pair))]
    assert _measure(pairs)["value"] < 0.15


def test_nothing_removed_is_absent(make_pair: Make) -> None:
    pair = make_pair()
    assert "absent" in _measure([replace(pair, removed=np.zeros_like(pair.removed))])
