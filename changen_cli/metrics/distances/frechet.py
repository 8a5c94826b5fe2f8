"""The Frechet distance between two sets of features, each taken for a Gaussian.

    d^2 = |m_1 - m_2|^2 + tr(C_1) + tr(C_2) - 2 tr((C_1 C_2)^(1/2))

with means m and covariances C (denominator n - 1), as in Heusel et al. 2017, equation (6). On Inception features it is
FID; on any other features it must have another name.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from changen_cli.metrics.base import Figure, absent
from changen_cli.types import AnyArray

Vector = NDArray[np.float64]


class Gaussian:
    """Mean and covariance of a stream of feature vectors; memory does not grow with it.

    Attributes:
        count: Vectors seen.
        mean: float64 [D].
    """

    def __init__(self, size: int) -> None:
        """Starts with nothing.

        Args:
            size: D, length of a vector.
        """
        self.count = 0
        self.mean: Vector = np.zeros(size)
        self._scatter: Vector = np.zeros((size, size))

    def update(self, features: AnyArray) -> None:
        """Adds vectors.

        Args:
            features: float [N, D].
        """
        added = len(features)
        if not added:
            return
        batch = np.asarray(features, np.float64)
        mean = batch.mean(0)
        centred = batch - mean
        # Chan et al. 1979: sums of squares would cancel where the mean is large beside the deviation
        step = mean - self.mean
        self._scatter += centred.T @ centred + np.outer(step, step) * (self.count * added / (self.count + added))
        self.mean = self.mean + step * (added / (self.count + added))
        self.count += added

    def covariance(self) -> Vector:
        """Returns the covariance, float64 [D, D], denominator n - 1."""
        return self._scatter / (self.count - 1)


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """Computes d^2 of two Gaussians of at least two vectors each.

    The trace of the root is the nuclear norm of R_1^T R_2 with C = R R^T, which needs only symmetric eigenproblems: it
    is exact for sets smaller than D too, where the eigenvalues of C_1 C_2 itself are not.

    Returns:
        0 or more.
    """
    one, two = first.covariance(), second.covariance()
    cross = float(np.linalg.svd(_root(one).T @ _root(two), compute_uv=False).sum())
    shift = first.mean - second.mean
    return max(0.0, float(shift @ shift + np.trace(one) + np.trace(two)) - 2 * cross)


def _root(covariance: Vector) -> Vector:
    """Returns R with R R^T = C; directions that only rounding gave any length are dropped."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    root: Vector = vectors[:, kept] * np.sqrt(values[kept])
    return root


class FrechetDistance:
    """The Frechet distance of synthesised images to real ones, and of other real images to them for comparison."""

    def __init__(self, size: int) -> None:
        """Starts with nothing.

        Args:
            size: D, length of a feature vector.
        """
        self.sets: dict[str, Gaussian] = {name: Gaussian(size) for name in ("real", "synthesised", "pre_event")}

    def update(self, group: str, features: AnyArray) -> None:
        """Adds features.

        Args:
            group: "real" (the reference), "synthesised", or "pre_event" (the real frames I_0 of the series).
            features: float [N, D].
        """
        self.sets[group].update(features)

    def compute(self) -> Figure:
        """Computes the distance.

        Returns:
            ``value``; ``pre_event``, the same distance of the real frames I_0 to the reference, which no synthesiser
            of these tiles can be expected to get below; the sizes ``real`` and ``synthesised``; ``features``, D.
        """
        real, made, before = (self.sets[name] for name in ("real", "synthesised", "pre_event"))
        if min(real.count, made.count) < 2:
            return absent(
                f"needs at least 2 images of each kind; there are {made.count} synthesised, {real.count} real"
            )
        return {
            "value": frechet_distance(made, real),
            "pre_event": frechet_distance(before, real) if before.count > 1 else None,
            "synthesised": made.count,
            "real": real.count,
            "features": len(real.mean),
        }
