from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from affine import Affine

from changen_cli.scenes.footprints.fit import fit_affine
from changen_cli.types import AnyArray

Change = Callable[[AnyArray, AnyArray], tuple[AnyArray, AnyArray]]

SIZE = 1024
NORTH_UP = Affine(5e-6, 0, 30.0, 0, -4.5e-6, 45.0)
TURNED = Affine(5e-6, 1e-6, -87.5, 1.2e-6, -4.5e-6, 29.5)
CORNERS = np.array([[0, 0], [SIZE, 0], [0, SIZE], [SIZE, SIZE]], float)


def lay(transform: Affine, pixels: AnyArray) -> AnyArray:
    a, b, c, d, e, f = tuple(transform)[:6]
    moved: AnyArray = pixels @ np.array([[a, d], [b, e]]) + (c, f)
    return moved


def off(found: Affine | None, true: Affine) -> float:
    """Largest distance of a corner from where it should be, pixels."""
    assert found is not None
    return float(np.abs(lay(~true, lay(found, CORNERS)) - CORNERS).max())


@pytest.fixture
def pixels() -> AnyArray:
    return np.random.default_rng(1).uniform(0, SIZE, (60, 2))


@pytest.mark.parametrize("true", [NORTH_UP, TURNED])
def test_exact_points_give_the_transform(pixels: AnyArray, true: Affine) -> None:
    fit = fit_affine(pixels, lay(true, pixels), SIZE, SIZE)
    assert off(fit.transform, true) < 1e-5
    assert fit.points == 60
    assert fit.residual < 1e-5
    assert fit.georeference is not None
    assert fit.georeference[1].to_epsg() == 4326
    assert fit.as_manifest() == {
        "fitted": True,
        "points": 60,
        "residual_pixels": 0.0,
        "corner_error_pixels": pytest.approx(0.005, abs=0.005),
    }


def test_one_building_is_enough_if_it_is_exact(pixels: AnyArray) -> None:
    corners = np.array([[100, 100], [120, 100], [120, 115], [100, 115], [100, 100]], float)
    fit = fit_affine(corners, lay(NORTH_UP, corners), SIZE, SIZE)
    assert off(fit.transform, NORTH_UP) < 0.01
    rough = corners + 0.5 * np.array([[1, -1], [-1, 1], [1, -1], [-1, 1], [1, -1]])
    none = fit_affine(rough, lay(NORTH_UP, corners), SIZE, SIZE)
    assert none.georeference is None
    assert "leave a corner uncertain by" in none.as_manifest()["why"]


def test_noise_is_averaged_and_reported(pixels: AnyArray) -> None:
    noisy = pixels + np.random.default_rng(2).normal(0, 0.2, pixels.shape)
    fit = fit_affine(noisy, lay(TURNED, pixels), SIZE, SIZE)
    assert 0.2 < fit.residual < 0.4
    assert off(fit.transform, TURNED) < 3 * fit.corner_error
    assert fit.corner_error < 0.2


def test_a_few_wrong_points_do_not_matter_and_many_do(pixels: AnyArray) -> None:
    places = lay(TURNED, pixels)
    places[:4] = places[[1, 2, 3, 0]]
    fit = fit_affine(pixels, places, SIZE, SIZE)
    assert fit.points == 56
    assert off(fit.transform, TURNED) < 1e-4
    places[:30] = np.random.default_rng(3).permutation(places[:30])
    assert "of 60 points are within 1 pixel of a fit" in fit_affine(pixels, places, SIZE, SIZE).why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda p, q: (p[:0], q[:0]), "fewer than 4 points"),
        (lambda p, q: (p[:3], q[:3]), "fewer than 4 points"),
        (lambda p, q: (np.repeat(p[:3], 5, 0), np.repeat(q[:3], 5, 0)), "fewer than 4 points"),
        (lambda p, q: (p * (1, 0) + p[:, :1] * (0, 1), q), "points lie on one line"),
        (lambda p, q: (p, q * (1, 0) + q[:, :1] * (0, 1e-9)), "places lie on one line"),
        (lambda p, q: (p, q[:, ::-1]), "mirrored"),
        (lambda p, q: (p, q * (1, 10)), "in degrees"),
        (lambda p, q: (p, (q - (30, 45)) * 100 + (30, 45)), "pixels of"),
        (lambda p, q: (p, np.full_like(q, np.nan)), "fewer than 4 points"),
    ],
)
def test_no_fit_says_why(
    pixels: AnyArray, change: Callable[[AnyArray, AnyArray], tuple[AnyArray, AnyArray]], why: str
) -> None:
    fit = fit_affine(*change(pixels, lay(NORTH_UP, pixels)), SIZE, SIZE)
    assert fit.transform is None
    assert fit.georeference is None
    assert why in fit.as_manifest()["why"]
    assert fit.as_manifest()["fitted"] is False
