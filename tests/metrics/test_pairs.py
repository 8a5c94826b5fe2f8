from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from changen_cli.metrics.pairs import Pair, choose, grow, pairs_of, samples_of, shrink
from changen_cli.store.series import open_series

Make = Callable[..., Pair]
Series = Callable[..., Path]


@pytest.mark.parametrize(("count", "limit"), [(10, 3), (7, 7), (1000, 11), (3, 1), (5, 9), (4, None)])
def test_choice_is_even_and_bounded(count: int, limit: int | None) -> None:
    chosen = choose(count, limit)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(count, limit or count)
    assert all(0 <= number < count for number in chosen)
    gaps = np.diff([-1, *chosen, count])
    assert gaps.max() <= 2 * max(1, count / len(chosen))


@pytest.mark.parametrize("format", ["zarr", "geotiff"])
def test_pairs_of_a_series(generate_series: Series, format: str) -> None:
    data = open_series(generate_series(format))
    sample = data[1]
    pairs = list(pairs_of(sample))
    assert [pair.id for pair in pairs] == [f"{sample.id}__t0_t1", f"{sample.id}__t1_t2"]
    assert sample.mask is not None
    for t, pair in enumerate(pairs):
        assert pair.step == t + 1
        assert pair.kept is not None
        np.testing.assert_array_equal(pair.before, sample.image[t])
        np.testing.assert_array_equal(pair.building_before, sample.mask[t] != 0)
        np.testing.assert_array_equal(pair.building_after, sample.mask[t + 1] != 0)
        np.testing.assert_array_equal(pair.created | pair.removed, sample.change[t] != 0)
        parts = [pair.created, pair.removed, pair.kept, pair.ground]
        np.testing.assert_array_equal(np.sum(parts, 0), pair.valid)
        assert all(change.step == t + 1 for change in pair.changes)
    assert sum(len(pair.changes) for pair in pairs) == len(sample.changes) > 0


def test_levir_layout_gives_the_same_created_and_removed(generate_series: Series) -> None:
    """S_t is not stored there; what changed is drawn from the outlines of the changes."""
    whole, levir = open_series(generate_series("zarr")), open_series(generate_series("levir"))
    expected = {pair.id: pair for sample in whole for pair in pairs_of(sample)}
    items = samples_of(levir, None)
    assert (len(items), {len(each) for each in items}) == (len(whole), {2})
    found = [pair for each in items for item in each for pair in pairs_of(levir[item])]
    assert {pair.id for pair in found} == expected.keys()
    for pair in found:
        same = expected[pair.id]
        assert same.kept is not None
        np.testing.assert_array_equal(pair.created, same.created)
        np.testing.assert_array_equal(pair.removed, same.removed)
        np.testing.assert_array_equal(pair.ground, same.ground | same.kept)
        assert pair.kept is None
        assert pair.building_before is None
        assert pair.changes == same.changes


def test_pairs_to_later_times_are_left_out(generate_series: Series) -> None:
    levir = open_series(generate_series("levir"))
    every = [levir[item].times for item in range(len(levir))]
    assert (0, 2) in every
    assert all(list(pairs_of(levir[item])) == [] for item, times in enumerate(every) if times == (0, 2))


def test_limit_counts_samples(generate_series: Series) -> None:
    for format, each in (("zarr", 1), ("levir", 2)):
        items = samples_of(open_series(generate_series(format)), 2)
        assert [len(item) for item in items] == [each, each]


def test_plain_ground_stays_away_from_everything(make_pair: Make) -> None:
    pair = make_pair()
    plain = pair.plain_ground(3)
    assert plain.any()
    assert not (grow(plain, 3) & ~pair.ground).any()
    assert not plain[:3].any()
    np.testing.assert_array_equal(pair.plain_ground(0), pair.ground)


def test_edge_of_the_tile_is_no_edge_of_the_data(make_pair: Make) -> None:
    pair = make_pair()
    assert pair.inner(5).all()
    valid = pair.valid.copy()
    valid[:, :10] = False
    inner = replace(pair, valid=valid).inner(5)
    assert not inner[:, :15].any()
    assert inner[:, 15:].all()


def test_grow_and_shrink() -> None:
    point = np.zeros((9, 9), bool)
    point[4, 4] = True
    assert grow(point, 2).sum() == 25
    np.testing.assert_array_equal(shrink(grow(point, 2), 2), point)
    assert shrink(np.ones((5, 5), bool), 1).sum() == 9
