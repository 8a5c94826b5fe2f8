from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from changen_cli.metrics.base import Result
from changen_cli.metrics.change.drift import DRIFT, BackgroundDrift, match_colours
from changen_cli.metrics.pairs import Pair
from changen_cli.types import UInt8Array

Make = Callable[..., Pair]


def _measure(*pairs: Pair) -> Result:
    drift = BackgroundDrift()
    for pair in pairs:
        drift.see_pair(pair)
    return drift.compute()


def test_same_ground(make_pair: Make) -> None:
    found = _measure(make_pair())
    assert (found["difference"], found["ssim"], found["structure"]) == (0, pytest.approx(1), pytest.approx(1))
    assert found["matched_difference"] == pytest.approx(0, abs=1e-3)


def test_changes_on_the_buildings_do_not_count(make_pair: Make) -> None:
    def painted(pair: Pair) -> UInt8Array:
        return np.where(~pair.ground, 255, pair.before).astype(np.uint8)

    found = _measure(make_pair(0, painted))
    assert found["difference"] == 0
    assert found["ssim"] > 0.999


def test_global_style_is_matched_away(make_pair: Make) -> None:
    found = _measure(make_pair(0, lambda pair: (pair.before * 0.6 + 70).astype(np.uint8)))
    assert found["difference"] > 15
    assert found["matched_difference"] < 1
    assert found["ssim"] > 0.98


def test_another_place(make_pair: Make, ground: Callable[..., UInt8Array]) -> None:
    found = _measure(*(make_pair(n, lambda pair: ground("elsewhere", pair.id)) for n in range(4)))
    assert found["matched_difference"] > 20
    assert found["ssim"] < 0.3
    assert abs(found["structure"]) < 0.1
    assert found["pairs"] == 4


def test_match_is_symmetric_where_nothing_is_shared() -> None:
    draw = np.random.default_rng(0)
    first, second = draw.normal(100, 20, (2, 3, 40, 40)).astype(np.float32)
    where = np.ones((40, 40), bool)
    matched = match_colours(second, first, where)
    np.testing.assert_allclose(matched[:, where].std(1), first[:, where].std(1), rtol=1e-4)
    np.testing.assert_allclose(matched[:, where].mean(1), first[:, where].mean(1), rtol=1e-4)


def test_flat_ground_is_not_blown_up() -> None:
    flat = np.full((3, 20, 20), 80.0, np.float32)
    flat[0, 0, 0] = 81
    target = np.random.default_rng(0).normal(100, 20, (3, 20, 20)).astype(np.float32)
    assert np.abs(match_colours(flat, target, np.ones((20, 20), bool)) - target.mean()).max() < 5


def test_built_up_tiles_are_absent(make_pair: Make) -> None:
    pair = make_pair()
    assert "absent" in _measure(replace(pair, ground=np.zeros_like(pair.ground)))


def test_declaration_reads_its_own_result(make_pair: Make) -> None:
    found = _measure(make_pair())
    lines = DRIFT.lines(DRIFT, found)
    assert [line.title.strip() for line in lines] == [
        "background difference",
        "colours matched",
        "SSIM",
        "edge structure",
    ]
    assert (lines[0].value, lines[2].value) == ("0.0", "1.000")
    assert [bar.value for bar in DRIFT.charts(found)[0].bars] == [found["ssim"], found["structure"]]
    assert {column.key for column in DRIFT.columns} <= found.keys()
