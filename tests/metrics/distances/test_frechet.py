from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from changen_cli.metrics.base import Features, Group
from changen_cli.metrics.distances.frechet import FID, FRECHET_LITE0, FrechetDistance, Gaussian, frechet_distance
from changen_cli.rng import generator
from changen_cli.types import AnyArray


def _exact(mean: AnyArray, covariance: AnyArray, count: int) -> AnyArray:
    """Vectors whose sample mean and covariance are exactly those given."""
    draw = generator("exact", count).standard_normal((count, len(mean)))
    draw -= draw.mean(0)
    white = draw @ np.linalg.inv(np.linalg.cholesky(np.cov(draw.T))).T
    return white @ np.linalg.cholesky(covariance).T + mean


def _gaussian(features: AnyArray, batch: int = 7) -> Gaussian:
    gaussian = Gaussian(features.shape[1])
    for start in range(0, len(features), batch):
        gaussian.update(features[start : start + batch])
    return gaussian


def test_gaussians_with_diagonal_covariance_have_the_closed_form() -> None:
    means = np.array([0.0, 1, 2]), np.array([1.0, -1, 2])
    deviations = np.array([1.0, 2, 3]), np.array([2.0, 2, 0.5])
    sets = [_exact(m, np.diag(s**2), 50) for m, s in zip(means, deviations, strict=True)]
    expected = np.sum((means[0] - means[1]) ** 2) + np.sum((deviations[0] - deviations[1]) ** 2)
    assert frechet_distance(_gaussian(sets[0]), _gaussian(sets[1])) == pytest.approx(expected, rel=1e-9)


def test_covariances_that_do_not_commute_agree_with_scipy() -> None:
    one, two = np.array([[2.0, 0.9], [0.9, 1]]), np.array([[1.0, -0.7], [-0.7, 3]])
    sets = [_exact(np.zeros(2), c, 30) for c in (one, two)]
    expected = np.trace(one + two - 2 * np.real(sqrtm(one @ two)))
    assert frechet_distance(_gaussian(sets[0]), _gaussian(sets[1])) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("count", [12, 200])
def test_agrees_with_torchmetrics_also_for_fewer_vectors_than_features(count: int) -> None:
    from torchmetrics.image.fid import FrechetInceptionDistance

    draw = generator("frechet", count)
    first, second = draw.standard_normal((count, 24)), draw.standard_normal((count, 24)) * 1.5 + 0.3
    metric = FrechetInceptionDistance(feature=_Identity()).set_dtype(torch.float64)
    metric.update(torch.from_numpy(first), real=True)
    metric.update(torch.from_numpy(second), real=False)
    value = frechet_distance(_gaussian(first), _gaussian(second))
    assert value == pytest.approx(float(metric.compute()), rel=1e-5)


class _Identity(torch.nn.Module):
    num_features = 24

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


def test_equal_sets_have_no_distance_and_batches_do_not_matter() -> None:
    features = generator("frechet").standard_normal((40, 8)).astype(np.float32) + 1000
    assert frechet_distance(_gaussian(features), _gaussian(features, 40)) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(_gaussian(features, 3).covariance(), np.cov(features.T.astype(np.float64)), atol=1e-9)


def test_result_gives_sizes_and_the_distance_of_the_real_frames() -> None:
    draw = generator("figure")
    metric = FrechetDistance(4)
    metric.see_features(_batch("real", draw.standard_normal((20, 4))))
    metric.see_features(_batch("synthesised", draw.standard_normal((10, 4)) + 3))
    assert metric.compute()["pre_event"] is None
    metric.see_features(_batch("pre_event", draw.standard_normal((10, 4))))
    found = metric.compute()
    assert (found["synthesised"], found["real"], found["features"]) == (10, 20, 4)
    assert found["pre_event"] < found["value"] / 5


def test_one_image_is_too_few() -> None:
    metric = FrechetDistance(4)
    metric.see_features(_batch("real", np.ones((5, 4))))
    metric.see_features(_batch("synthesised", np.ones((1, 4))))
    assert "1 synthesised" in metric.compute()["absent"]


def _batch(group: Group, vectors: AnyArray) -> Features:
    return Features(group, [str(number) for number in range(len(vectors))], vectors)


def test_how_it_reads() -> None:
    result = {"value": 3.0, "pre_event": 1.0, "synthesised": 9, "real": 400, "features": 320}
    (line,) = FRECHET_LITE0.lines(FRECHET_LITE0, result)
    assert (line.title, line.value, line.better) == ("Frechet distance, Lite0", "3", "lower")
    assert "9 synthesised, 400 real" in line.detail
    assert "I_0 of the series: 1;" in line.detail
    assert "fewer images than features (320)" in line.detail
    assert "fewer" not in FID.lines(FID, result | {"synthesised": 321})[0].detail
