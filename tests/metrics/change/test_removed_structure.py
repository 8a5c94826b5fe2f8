from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from changen_cli.metrics.base import Result
from changen_cli.metrics.change.removed_structure import REMOVED_STRUCTURE, RemovedStructure
from changen_cli.metrics.pairs import Pair, grow
from changen_cli.types import UInt8Array

Make = Callable[..., Pair]
Ground = Callable[..., UInt8Array]


def _measure(pairs: list[Pair]) -> Result:
    removed = RemovedStructure()
    for pair in pairs:
        removed.see_pair(pair)
    return removed.compute()


def _pairs(make: Make, after: Callable[[Pair], UInt8Array]) -> list[Pair]:
    return [make(number, after) for number in range(8)]


def _restyled(image: UInt8Array) -> UInt8Array:
    return (255 * (image[[2, 0, 1]] / 255.0) ** 0.7 * 0.8 + 20).astype(np.uint8)


def _replaced(ground: Ground, pair: Pair) -> UInt8Array:
    return np.where(grow(pair.removed, 2), ground("other", pair.id), pair.before)


def test_of_a_copy_everything_is_left(make_pair: Make) -> None:
    found = _measure(_pairs(make_pair, lambda pair: pair.before))
    for name in ("value", "value_4", "value_8", "interior", "ground"):
        assert found[name] == pytest.approx(1)
    assert (found["pairs"], found["pixels"]) == (8, 8 * 600)


def test_of_a_restyled_copy_nearly_as_much(make_pair: Make) -> None:
    assert _measure(_pairs(make_pair, lambda pair: _restyled(pair.before)))["value"] > 0.97


def test_of_noise_nothing_is_left(make_pair: Make) -> None:
    draw = np.random.default_rng(0)
    found = _measure(_pairs(make_pair, lambda pair: draw.integers(0, 255, pair.before.shape).astype(np.uint8)))
    assert abs(found["ground"]) < 0.02
    assert abs(found["value"]) < 0.05


def test_replaced_ground_leaves_nothing_restyled_or_not(make_pair: Make, ground: Ground) -> None:
    styles: tuple[Callable[[UInt8Array], UInt8Array], ...] = (lambda image: image, _restyled)
    for style in styles:
        replaced = _pairs(make_pair, lambda pair: _replaced(ground, pair))
        found = _measure([replace(pair, after=style(pair.after)) for pair in replaced])
        assert found["ground"] > 0.95
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


@pytest.mark.parametrize("spread", [0, 20, 60])
def test_how_well_ground_is_kept_does_not_matter(make_pair: Make, ground: Ground, spread: int) -> None:
    """The same removed buildings over ground that is kept, redrawn a little, and redrawn: as `--background` does."""
    draw = np.random.default_rng(1)

    def half_gone(pair: Pair) -> UInt8Array:
        return ((ground("other", pair.id).astype(int) + pair.before) // 2).astype(np.uint8)

    def redrawn(pair: Pair) -> UInt8Array:
        noisy = (pair.before + draw.normal(0, spread, pair.before.shape)).clip(0, 255).astype(np.uint8)
        # 7 px: the reach of structure beyond the 2 px that the metric looks at
        return np.where(grow(pair.removed, 7), half_gone(pair), noisy)

    found, alone = _measure(_pairs(make_pair, redrawn)), _measure(_pairs(make_pair, half_gone))
    assert found["value"] == pytest.approx(alone["value"], abs=1e-6)
    assert (found["ground"] < 0.6) == (spread == 60)


def test_the_wider_horizon_sees_what_lies_beyond_a_hole(make_pair: Make, ground: Ground) -> None:
    """A hole of 4 px around the building filled with other ground: gone at 2 px, the kept ground shows at 8."""

    def filled(pair: Pair) -> UInt8Array:
        return np.where(grow(pair.removed, 4), ground("other", pair.id), pair.before)

    found = _measure(_pairs(make_pair, filled))
    assert found["value"] < 0.1
    assert found["value_4"] < 0.1
    assert 0.1 < found["value_8"] < 0.5


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
    whole, *_, inside = REMOVED_STRUCTURE.lines(REMOVED_STRUCTURE, found)
    assert (whole.title, whole.value, whole.better) == ("removed_structure", "1.000", "lower")
    assert whole.detail == "0: gone, 1: still there; unchanged ground keeps 1.000; 1 pairs, 600 removed pixels"
    assert inside.title == "  interior"
    (chart,) = REMOVED_STRUCTURE.charts(found)
    assert [bar.value for bar in chart.bars] == [found[key] for key in ("value", "value_4", "value_8", "interior")]
    assert {bar.behind for bar in chart.bars} == {found["ground"]}
    assert {column.key for column in REMOVED_STRUCTURE.columns} <= found.keys()
