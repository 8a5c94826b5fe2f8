"""The kernel distance between two sets of features: squared maximum mean discrepancy with a polynomial kernel.

    k(x, y) = (x . y / D + 1)^3
    d = sum_{i != j} (k(x_i, x_j) + k(y_i, y_j)) / (m (m - 1)) - 2 sum_{i, j} k(x_i, y_j) / m^2

averaged over random subsets of m features of each set (Binkowski et al. 2018, section 4). Unbiased, so it may be a
little below 0. On Inception features it is KID; on any other features it must have another name.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from changen_cli import rng
from changen_cli.metrics.base import Figure, absent
from changen_cli.metrics.distances.reservoir import Reservoir
from changen_cli.types import AnyArray

SUBSETS = 100
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


class KernelDistance:
    """The kernel distance of synthesised images to real ones, over random subsets of both."""

    def __init__(self, seed: int = 0) -> None:
        """Starts with nothing.

        Args:
            seed: Of the subsets.
        """
        self.seed = seed
        self.sets: dict[str, Reservoir] = {name: Reservoir(KEPT, seed) for name in ("real", "synthesised")}

    def update(self, group: str, names: Sequence[str], features: AnyArray) -> None:
        """Adds features.

        Args:
            group: "real" or "synthesised".
            names: Of the images, unique in their set.
            features: float [N, D].
        """
        for name, row in zip(names, features, strict=True):
            self.sets[group].add(name, row)

    def compute(self) -> Figure:
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
