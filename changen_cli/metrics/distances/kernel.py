"""The kernel distance between two sets of features: squared maximum mean discrepancy with a polynomial kernel.

    k(x, y) = (x . y / D + 1)^3
    d = sum_{i != j} (k(x_i, x_j) + k(y_i, y_j)) / (m (m - 1)) - 2 sum_{i, j} k(x_i, y_j) / m^2

averaged over random subsets of m features of each set (Binkowski et al. 2018, section 4). Unbiased, so it may be a
little below 0. On Inception features it is KID; on any other features it must have another name. The result is d
itself; tables have KID times :data:`TIMES` below it, as papers print it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from changen_cli import rng
from changen_cli.metrics.base import Accumulator, Column, Features, Metric, Result, Role, absent
from changen_cli.metrics.distances.reading import ABOUT_INCEPTION, ABOUT_LITE0, lines_of_distance
from changen_cli.metrics.distances.reservoir import Reservoir
from changen_cli.metrics.text import Line
from changen_cli.types import AnyArray

SUBSETS = 100
TIMES = 1000
"""What papers multiply KID by before they print it."""

SUBSET_SIZE = 1000
KEPT = 10_000
"""Most features of each set that are kept: ten times what a subset holds, so memory is flat."""


def kernel_distance(first: AnyArray, second: AnyArray) -> float:
    """Computes d of two sets of equal size.

    Args:
        first: float [m, D], m at least 2.
        second: float [m, D].
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    count = len(x)
    inner = 0.0
    for one in (x, y):
        values = _kernel(one, one)
        inner += float(values.sum() - np.trace(values))
    return inner / (count * (count - 1)) - 2 * float(_kernel(x, y).sum()) / count**2


def _kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = (x @ y.T / x.shape[1] + 1) ** 3
    return values


def subset_size(smaller: int) -> int:
    """Returns m: :data:`SUBSET_SIZE` where both sets have as many, else half of the smaller set, so subsets differ."""
    return SUBSET_SIZE if smaller >= SUBSET_SIZE else smaller // 2


class KernelDistance(Accumulator):
    """The kernel distance of synthesised images to real ones, over random subsets of both."""

    def __init__(self, seed: int = 0, kept: int = KEPT) -> None:
        """Makes an accumulator.

        Args:
            seed: Of the subsets.
            kept: Most features of each set that are kept.
        """
        self.seed = seed
        self.sets: dict[str, Reservoir] = {name: Reservoir(kept, seed) for name in ("real", "synthesised")}

    def see_features(self, batch: Features) -> None:
        """Adds the features of a batch; those of the real frames of the series are passed over."""
        if batch.group in self.sets:
            for name, row in zip(batch.names, batch.vectors, strict=True):
                # copied: a row that is a view would keep its whole batch alive
                self.sets[batch.group].add(name, row.copy())

    def compute(self) -> Result:
        """Computes the distance.

        Returns:
            ``value``, the mean over subsets; ``std`` over subsets; ``subsets``; ``subset_size``; and the sizes
            ``synthesised`` and ``real`` of the sets that the subsets are drawn from.
        """
        real, made = self.sets["real"], self.sets["synthesised"]
        size = subset_size(min(len(real), len(made)))
        if size < 2:
            return absent(f"needs at least 4 images of each kind; there are {len(made)} synthesised, {len(real)} real")
        x, y = made.rows(), real.rows()
        values = []
        for number in range(SUBSETS):
            draw = rng.generator(self.seed, "kernel distance", number)
            first = draw.choice(len(x), size, replace=False)
            values.append(kernel_distance(x[first], y[draw.choice(len(y), size, replace=False)]))
        return {
            "value": float(np.mean(values)),
            "std": float(np.std(values)),
            "subsets": SUBSETS,
            "subset_size": size,
            "synthesised": len(made),
            "real": len(real),
        }


def lines_of_kid(metric: Metric, result: Result) -> list[Line]:
    """Returns the line of the distance, and one of it times :data:`TIMES`."""
    times = f"{TIMES * result['value']:.4g} ± {TIMES * result['std']:.2g}"
    return [*lines_of_distance(metric, result), Line(f"  times {TIMES:,}", times, "lower", "as papers print it")]


def _declare(
    name: str,
    title: str,
    short: str,
    needs: str,
    rank: int,
    summary: str,
    digits: int,
    lines: Callable[[Metric, Result], list[Line]] = lines_of_kid,
) -> Metric:
    column = Column(name, "value", short, "may be < 0", "lower", digits, Role.DISTANCE, said=True, own=False)
    return Metric(
        name=name,
        title=title,
        columns=(column,),
        make=lambda setting: KernelDistance(setting.seed),
        rank=rank,
        needs=needs,
        summary=summary,
        lines=lines,
    )


KID = _declare("kid", "KID", "KID", "inception", 2, ABOUT_INCEPTION, 4)
KERNEL_INCEPTION = _declare(
    "kernel_inception", "kernel distance, other Inception weights", "kernel, other", "other inception", 5, "", 4
)
KERNEL_LITE0 = _declare(
    "kernel_lite0", "kernel distance, Lite0", "kernel, Lite0", "lite0", 8, ABOUT_LITE0, 1, lines_of_distance
)
