from __future__ import annotations

import numpy as np
import pytest
import torch

from changen_cli.metrics.distances import kernel
from changen_cli.metrics.distances.kernel import KernelDistance, kernel_distance, subset_size
from changen_cli.rng import generator


def test_agrees_with_the_sums_written_out() -> None:
    draw = generator("kernel")
    x, y = draw.standard_normal((5, 3)), draw.standard_normal((5, 3)) + 1

    def k(a: np.ndarray, b: np.ndarray) -> float:
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


def _figure(shift: float, seed: int = 0, batch: int = 40) -> dict[str, object]:
    figure = KernelDistance(seed)
    for group, count, offset in (("real", 60, 0.0), ("synthesised", 40, shift)):
        rows = generator("kernel figure", group).standard_normal((count, 6)) + offset
        for start in range(0, count, batch):
            names = [f"{group} {n}" for n in range(start, min(start + batch, count))]
            figure.update(group, names, rows[start : start + batch])
    return figure.compute()


def test_figure_grows_with_the_shift_and_repeats() -> None:
    near, far = _figure(0.0), _figure(1.0)
    assert (near["synthesised"], near["real"], near["subset_size"], near["subsets"]) == (40, 60, 20, kernel.SUBSETS)
    assert abs(near["value"]) < 2 * near["std"]
    assert far["value"] > 10 * abs(near["value"])
    assert _figure(1.0) == far == _figure(1.0, batch=7)
    assert _figure(1.0, seed=1)["value"] != far["value"]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "KEPT", 10)
    assert (_figure(0.0)["synthesised"], _figure(0.0)["real"]) == (10, 10)


def test_three_images_are_too_few() -> None:
    figure = KernelDistance()
    for group in ("real", "synthesised"):
        figure.update(group, ["a", "b", "c"], np.ones((3, 2)))
    assert "3 synthesised, 3 real" in figure.compute()["absent"]
