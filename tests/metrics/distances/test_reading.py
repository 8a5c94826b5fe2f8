from __future__ import annotations

import pytest

from changen_cli.metrics.base import Accumulator, Column, Metric, Result
from changen_cli.metrics.distances.reading import lines_of_distance

DISTANCE = Metric("far", "Far", (Column("far", "value", "value", better="lower"),), lambda setting: Accumulator())


@pytest.mark.parametrize(
    ("result", "value", "detail"),
    [
        ({"value": 12.34567, "synthesised": 90, "real": 80}, "12.35", "90 synthesised, 80 real"),
        ({"value": 2.0, "std": 0.123, "synthesised": 9, "real_score": 3.0}, "2 ± 0.12", "9 synthesised; real images "),
        (
            {"value": 1.0, "synthesised": 9, "real": 8, "subsets": 5, "subset_size": 4},
            "1",
            "9 synthesised, 8 real, 5 subsets of 4",
        ),
        (
            {"value": 1.0, "synthesised": 9, "real": 8, "pre_event": 0.25},
            "1",
            "9 synthesised, 8 real; the real frames I_0 of the series: 0.25",
        ),
    ],
)
def test_a_line_says_value_and_sizes(result: Result, value: str, detail: str) -> None:
    (line,) = lines_of_distance(DISTANCE, result)
    assert (line.title, line.value, line.better) == ("Far", value, "lower")
    assert line.detail.startswith(detail)


@pytest.mark.parametrize(("sizes", "biased"), [((9, 8), True), ((8, 8), True), ((9, 9), False), ((20, 8), True)])
def test_fewer_images_than_features_are_warned_of(sizes: tuple[int, int], biased: bool) -> None:
    synthesised, real = sizes
    (line,) = lines_of_distance(DISTANCE, {"value": 1.0, "synthesised": synthesised, "real": real, "features": 8})
    assert ("biased upwards" in line.detail) == biased
