from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from changen_cli.metrics.base import Result
from changen_cli.metrics.change.leakage import FLOOR, LEAKAGE, Leakage
from changen_cli.metrics.pairs import Pair, grow
from changen_cli.types import UInt8Array

Make = Callable[..., Pair]
Ground = Callable[..., UInt8Array]


def _measure(pairs: list[Pair]) -> Result:
    leakage = Leakage()
    for pair in pairs:
        leakage.see_pair(pair)
    return leakage.compute()


def _pairs(make: Make, after: Callable[[Pair], UInt8Array]) -> list[Pair]:
    return [make(number, after) for number in range(8)]


def _restyled(image: UInt8Array) -> UInt8Array:
    return (255 * (image[[2, 0, 1]] / 255.0) ** 0.7 * 0.8 + 20).astype(np.uint8)


def _replaced(ground: Ground, pair: Pair) -> UInt8Array:
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
    styles: tuple[Callable[[UInt8Array], UInt8Array], ...] = (lambda image: image, _restyled)
    for style in styles:
        replaced = _pairs(make_pair, lambda pair: _replaced(ground, pair))
        found = _measure([replace(pair, after=style(pair.after)) for pair in replaced])
        assert found["ground_structure"] > 0.95
        assert found["value"] < 0.12
        assert found["interior"] < 0.12


def test_generator_that_never_removes_is_caught(make_pair: Make, roofs: Ground) -> None:
    """S_t and S_t+1 swapped: removed buildings are drawn again, with another roof; the outline gives them away."""
    found = _measure(_pairs(make_pair, lambda pair: roofs(pair.before, pair.removed, "new", pair.id)))
    assert found["value"] > 0.4
    assert found["interior"] < 0.15


def test_half_kept_is_between(make_pair: Make, ground: Ground) -> None:
    def mixed(pair: Pair) -> UInt8Array:
        return ((_replaced(ground, pair).astype(int) + pair.before) // 2).astype(np.uint8)

    assert 0.3 < _measure(_pairs(make_pair, mixed))["value"] < 0.95


def test_a_generator_that_redraws_everything_is_judged_by_its_ground(make_pair: Make) -> None:
    draw = np.random.default_rng(1)

    def noisy(pair: Pair) -> UInt8Array:
        return (pair.before + draw.normal(0, 40, pair.before.shape)).clip(0, 255).astype(np.uint8)

    found = _measure(_pairs(make_pair, noisy))
    assert found["removed_structure"] < 0.8
    assert found["value"] > 0.9


def test_floor_stops_the_division(make_pair: Make) -> None:
    def only_roofs(pair: Pair) -> UInt8Array:
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


def test_declaration_reads_its_own_result(make_pair: Make) -> None:
    found = _measure([make_pair()])
    whole, inside = LEAKAGE.lines(LEAKAGE, found)
    assert (whole.value, whole.better, inside.title) == ("1.000", "lower", "  interior")
    assert whole.detail == "structure left: removed 1.000, unchanged ground 1.000; 1 pairs, 600 removed pixels"
    assert [bar.value for bar in LEAKAGE.charts(found)[0].bars] == [found["value"], found["interior"]]
    assert {column.key for column in LEAKAGE.columns} <= found.keys()
