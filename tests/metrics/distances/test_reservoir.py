from __future__ import annotations

import numpy as np

from changen_cli.metrics.distances.reservoir import Reservoir


def _filled(order: list[int], limit: int, seed: int = 0) -> Reservoir:
    reservoir = Reservoir(limit, seed)
    for number in order:
        reservoir.add(f"row {number}", np.array([number]))
    return reservoir


def test_keeps_all_of_a_short_stream() -> None:
    reservoir = _filled(list(range(5)), 10)
    assert (len(reservoir), reservoir.seen) == (5, 5)
    assert sorted(reservoir.rows()[:, 0].tolist()) == [0, 1, 2, 3, 4]


def test_empty_has_no_rows() -> None:
    assert len(Reservoir(3).rows()) == 0


def test_sample_depends_on_names_and_seed_not_on_order() -> None:
    first = _filled(list(range(500)), 20).rows()
    np.testing.assert_array_equal(_filled(list(range(499, -1, -1)), 20).rows(), first)
    assert not np.array_equal(np.sort(_filled(list(range(500)), 20, seed=1).rows(), 0), np.sort(first, 0))


def test_sample_is_fair() -> None:
    picks = np.concatenate([_filled(list(range(100)), 10, seed).rows()[:, 0] for seed in range(300)])
    counts = np.bincount(picks, minlength=100)
    # 300 draws with chance 0.1: mean 30, deviation 5.2
    assert counts.min() > 8
    assert counts.max() < 55
    assert abs(picks.mean() - 49.5) < 2.5
