from __future__ import annotations

import math

import pytest

from changen_cli.metrics.base import WeightedMean, absent, share


def test_weighted_mean() -> None:
    mean = WeightedMean()
    assert math.isnan(mean.mean)
    mean.add(1.0, 3)
    mean.add(5.0, 1)
    assert mean.mean == pytest.approx(2.0)


def test_share_of_nothing_is_unknown() -> None:
    assert (share(1, 4), share(0, 4), share(0, 0)) == (0.25, 0, None)


def test_absent_says_why() -> None:
    assert absent("no weights") == {"absent": "no weights"}
