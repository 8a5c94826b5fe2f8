from __future__ import annotations

import math

import pytest

from changen_cli.metrics.base import Accumulator, Column, Metric, Setting, WeightedMean, absent, share


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


def test_label_says_unit_and_direction() -> None:
    assert Column("a", "a", "a", "0..1", "lower").label == "0..1, lower is better"
    assert Column("a", "a", "a", better="higher").label == "higher is better"
    assert Column("a", "a", "a", "1: the same").label == "1: the same"


def test_a_metric_that_declares_only_columns_has_a_line_for_each() -> None:
    columns = (Column("a", "value", "whole", "grey levels", "lower", 1), Column("a_inner", "inner", "inner"))
    metric = Metric("a", "contrast", columns, lambda setting: Accumulator())
    lines = metric.lines(metric, {"value": 1.25, "inner": None})
    assert [(line.title, line.value, line.better, line.detail) for line in lines] == [
        ("contrast", "1.2", "lower", "grey levels"),
        ("  inner", "-", "", ""),
    ]
    assert metric.charts({"value": 1.25}) == []
    with pytest.raises(NotImplementedError):
        metric.make(Setting()).compute()
