"""The Frechet distance between two sets of features, each taken for a Gaussian.

    d^2 = |m_1 - m_2|^2 + tr(C_1) + tr(C_2) - 2 tr((C_1 C_2)^(1/2))

with means m and covariances C (denominator n - 1), as in Heusel et al. 2017, equation (6). On Inception features it is
FID; on any other features it must have another name.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from changen_cli.metrics.base import Accumulator, Column, Features, Metric, Result, absent
from changen_cli.metrics.distances.reading import ABOUT_INCEPTION, ABOUT_LITE0, lines_of_distance
from changen_cli.types import AnyArray

Vector = NDArray[np.float64]


class Gaussian:
    """Mean and covariance of a stream of feature vectors; memory does not grow with it.

    Attributes:
        count: Vectors seen.
        mean: float64 [D].
    """

    def __init__(self, size: int) -> None:
        """Makes the statistics of no vectors.

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


class FrechetDistance(Accumulator):
    """The Frechet distance of synthesised images to real ones, and of other real images to them for comparison."""

    def __init__(self, size: int) -> None:
        """Makes an accumulator.

        Args:
            size: D, length of a feature vector.
        """
        self.sets: dict[str, Gaussian] = {name: Gaussian(size) for name in ("real", "synthesised", "pre_event")}

    def see_features(self, batch: Features) -> None:
        """Adds the features of a batch."""
        self.sets[batch.group].update(batch.vectors)

    def compute(self) -> Result:
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


def _declare(name: str, title: str, short: str, needs: str, rank: int, summary: str, digits: int) -> Metric:
    return Metric(
        name=name,
        title=title,
        columns=(Column(name, "value", short, better="lower", digits=digits, own=False),),
        make=lambda setting: FrechetDistance(setting.size),
        rank=rank,
        needs=needs,
        summary=summary,
        lines=lines_of_distance,
    )


FID = _declare("fid", "FID", "FID", "inception", 1, ABOUT_INCEPTION, 1)
FRECHET_INCEPTION = _declare(
    "frechet_inception", "Frechet distance, other Inception weights", "Frechet, other", "other inception", 4, "", 1
)
FRECHET_LITE0 = _declare("frechet_lite0", "Frechet distance, Lite0", "Frechet, Lite0", "lite0", 7, ABOUT_LITE0, 0)
