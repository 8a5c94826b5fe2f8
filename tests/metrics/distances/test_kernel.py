from __future__ import annotations

import numpy as np
import pytest
import torch

from changen_cli.metrics.base import Features, Group, Result
from changen_cli.metrics.distances.kernel import (
    KEPT,
    KERNEL_LITE0,
    KID,
    SUBSETS,
    KernelDistance,
    kernel_distance,
    subset_size,
)
from changen_cli.rng import generator
from changen_cli.types import AnyArray


def test_agrees_with_the_sums_written_out() -> None:
    draw = generator("kernel")
    x, y = draw.standard_normal((5, 3)), draw.standard_normal((5, 3)) + 1

    def k(a: AnyArray, b: AnyArray) -> float:
        return float((a @ b / 3 + 1) ** 3)

    within = sum(k(x[i], x[j]) + k(y[i], y[j]) for i in range(5) for j in range(5) if i != j) / 20
    across = sum(k(a, b) for a in x for b in y) / 25
    assert kernel_distance(x, y) == pytest.approx(within - 2 * across)


def test_agrees_with_torchmetrics() -> None:
    from torchmetrics.image.kid import poly_mmd

    draw = generator("kernel torchmetrics")
    x, y = draw.standard_normal((50, 12)), draw.standard_normal((50, 12)) * 1.3
    assert kernel_distance(x, y) == pytest.approx(float(poly_mmd(torch.from_numpy(x), torch.from_numpy(y))))


def test_is_unbiased() -> None:
    draws = [generator("kernel bias", n).standard_normal((2, 8, 6)) for n in range(400)]
    values = [kernel_distance(x, y) for x, y in draws]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))


@pytest.mark.parametrize(("smaller", "size"), [(3, 1), (40, 20), (999, 499), (1000, 1000), (9000, 1000)])
def test_subsets_are_those_of_kid_where_there_are_enough(smaller: int, size: int) -> None:
    assert subset_size(smaller) == size


def _measure(shift: float, seed: int = 0, batch: int = 40, kept: int = KEPT) -> Result:
    metric = KernelDistance(seed, kept)
    sets: tuple[tuple[Group, int, float], ...] = (("real", 60, 0.0), ("synthesised", 40, shift), ("pre_event", 9, 9.0))
    for group, count, offset in sets:
        rows = generator("kernel figure", group).standard_normal((count, 6)) + offset
        for start in range(0, count, batch):
            names = [f"{group} {n}" for n in range(start, min(start + batch, count))]
            metric.see_features(Features(group, names, rows[start : start + batch]))
    return metric.compute()


def test_distance_grows_with_the_shift_and_repeats() -> None:
    near, far = _measure(0.0), _measure(1.0)
    assert (near["synthesised"], near["real"], near["subset_size"], near["subsets"]) == (40, 60, 20, SUBSETS)
    assert abs(near["value"]) < 2 * near["std"]
    assert far["value"] > 10 * abs(near["value"])
    assert _measure(1.0) == far == _measure(1.0, batch=7)
    assert _measure(1.0, seed=1)["value"] != far["value"]


def test_memory_is_bounded() -> None:
    found = _measure(0.0, kept=10)
    assert (found["synthesised"], found["real"]) == (10, 10)


def test_three_images_are_too_few() -> None:
    metric = KernelDistance()
    groups: tuple[Group, ...] = ("real", "synthesised")
    for group in groups:
        metric.see_features(Features(group, ["a", "b", "c"], np.ones((3, 2))))
    assert "3 synthesised, 3 real" in metric.compute()["absent"]


def test_how_it_reads() -> None:
    (line,) = KERNEL_LITE0.lines(
        KERNEL_LITE0, {"value": 0.5, "std": 0.1, "subsets": 100, "subset_size": 4, "synthesised": 9, "real": 400}
    )
    assert (line.value, line.better) == ("0.5 ± 0.1", "lower")
    assert line.detail == "9 synthesised, 400 real, 100 subsets of 4"


def test_kid_is_printed_times_a_thousand_too() -> None:
    result = {"value": 0.0123, "std": 0.002, "subsets": 100, "subset_size": 4, "synthesised": 9, "real": 400}
    plain, times = KID.lines(KID, result)
    assert (plain.value, times.value) == ("0.0123 ± 0.002", "12.3 ± 2")
    assert (times.title, times.detail) == ("  times 1,000", "as papers print it")
