"""An affine georeference fitted to points that are known both in pixels and in degrees.

``skimage.measure.ransac`` draws at random, and gains nothing by it: on the xBD twin of the tests (100 to 127 vertices,
8 % of them wrong) both are at most 5e-5 pixels off at a corner, in about 1.5 ms here and 30 ms there. So this is kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from changen_cli.scenes.image.geobox import Georeference
from changen_cli.types import AnyArray

CRS_OF_DEGREES = "EPSG:4326"
"""Of a fitted transform, which gives longitude, then latitude, as GDAL and rasterio have it."""

LIMIT = 1.0
"""Pixels: how far a point may be off to count as agreeing, and the error that a fit may have at a corner."""

_LEAST_POINTS = 4
_LEAST_SHARE = 0.9
_NOISE = 0.01  # pixels; vertices are rounded somewhere, so few points never make a fit that is known to be exact
_ROUNDS = 20
_PIXEL_SIZES = (0.05, 20.0)
_METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class Fit:
    """A fitted georeference, or why there is none.

    Attributes:
        transform: Pixels to longitude and latitude, or None.
        points: Points that agree with it, or that were given if there is none.
        residual: Root mean square distance of these points from it, pixels; NaN if there is none.
        corner_error: Standard error at the corner of the image that is known worst, pixels; NaN if there is none.
        why: Why there is none; empty if there is one.
    """

    transform: Affine | None
    points: int
    residual: float = math.nan
    corner_error: float = math.nan
    why: str = ""

    @property
    def georeference(self) -> Georeference | None:
        """Transform and CRS, or None."""
        return None if self.transform is None else (self.transform, CRS.from_string(CRS_OF_DEGREES))

    def as_manifest(self) -> dict[str, Any]:
        """Returns what the manifest says (JSON values)."""
        if self.transform is None:
            return {"fitted": False, "points": self.points, "why": self.why}
        return {
            "fitted": True,
            "points": self.points,
            "residual_pixels": round(self.residual, 4),
            "corner_error_pixels": round(self.corner_error, 4),
        }


def fit_affine(pixels: AnyArray, places: AnyArray, height: int, width: int) -> Fit:
    """Fits an affine transform by least squares to the points that agree with each other.

    A few wrong points (vertices in another order, a polygon cut by an edge in one list alone) do not matter: the first
    fit is one of least absolute deviations, and points more than a pixel from it are left out of the second. A fit is
    taken only if nine in ten points agree, its standard error stays below a pixel at all four corners (which it does
    not if all points are near each other, or near a line, and not exact), and pixels have a plausible size, not
    mirrored: north-up images are never, but exchanged coordinates are.

    Args:
        pixels: Columns and rows, float [N, 2].
        places: Longitude and latitude, degrees, float [N, 2].
        height: Rows of the image.
        width: Columns of the image.

    Returns:
        The fit; never an error, since an image without a georeference can be used as well.
    """
    finite = np.isfinite(pixels).all(axis=1) & np.isfinite(places).all(axis=1)
    pixels, places = pixels[finite], places[finite]
    given = len(pixels)
    if len(np.unique(pixels, axis=0)) < _LEAST_POINTS:
        return Fit(None, given, why=f"fewer than {_LEAST_POINTS} points")
    if (np.abs(places) > (180, 90)).any():
        return Fit(None, given, why="places are not longitudes and latitudes in degrees")
    # Well-scaled on both sides: pixels from -1 to 1, places in about metres.
    design = np.column_stack([pixels * (2 / width, 2 / height) - 1, np.ones(given)])
    middle = np.median(places, axis=0)
    metres = np.array([_METRES_PER_DEGREE * math.cos(math.radians(middle[1])), _METRES_PER_DEGREE])
    wanted = (places - middle) * metres
    if np.linalg.matrix_rank(design, tol=1e-6 * math.sqrt(given)) < 3:
        return Fit(None, given, why="all points lie on one line")
    solution = _robust(design, wanted, (height, width))
    off = None if solution is None else _distance(design, wanted, solution, (height, width))
    if solution is None or off is None:
        return Fit(None, given, why="places lie on one line")
    agree = off <= LIMIT
    if agree.sum() < max(_LEAST_POINTS, _LEAST_SHARE * given):
        return Fit(None, given, why=f"only {int(agree.sum())} of {given} points are within {LIMIT:g} pixel of a fit")
    return _refine(design[agree], wanted[agree], middle, metres, (height, width))


def _refine(design: AnyArray, wanted: AnyArray, middle: AnyArray, metres: AnyArray, size: tuple[int, int]) -> Fit:
    """Fits the points that agree, and checks the result."""
    count = len(design)
    solution, _, rank, _ = np.linalg.lstsq(design, wanted, rcond=1e-9)
    off = _distance(design, wanted, solution, size) if rank == 3 else None
    if off is None:
        return Fit(None, count, why="the points that agree lie on one line")
    squares = float((off**2).sum())
    noise = max(_NOISE, math.sqrt(squares / (2 * count - 6)))
    corners = np.array([[x, y, 1.0] for x in (-1, 1) for y in (-1, 1)])
    spread = np.linalg.inv(design.T @ design)
    error = noise * math.sqrt(float(np.einsum("ci,ij,cj->c", corners, spread, corners).max()))
    if error > LIMIT:
        return Fit(None, count, why=f"{count} points leave a corner uncertain by {error:.2g} pixels")
    jacobian = _jacobian(solution, size)
    sizes = np.linalg.norm(jacobian, axis=0)
    if np.linalg.det(jacobian) > 0:
        return Fit(None, count, why="the fit is mirrored; longitude and latitude seem to be exchanged")
    if not (_PIXEL_SIZES[0] <= sizes.min() and sizes.max() <= _PIXEL_SIZES[1]):
        return Fit(None, count, why=f"the fit has pixels of {sizes[0]:.3g} x {sizes[1]:.3g} m")
    (a, b), (d, e) = (jacobian / metres[:, None]).tolist()
    offset = (solution[2] - solution[0] - solution[1]) / metres + middle
    return Fit(Affine(a, b, float(offset[0]), d, e, float(offset[1])), count, math.sqrt(squares / count), error)


def _robust(design: AnyArray, wanted: AnyArray, size: tuple[int, int]) -> AnyArray | None:
    """Fits least absolute deviations, by reweighted least squares; None for a fit onto a line."""
    weights = np.ones(len(design))
    solution: AnyArray | None = None
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)[:, None]
        solution = np.linalg.lstsq(design * root, wanted * root, rcond=None)[0]
        off = _distance(design, wanted, solution, size)
        if off is None:
            return None
        if (off <= LIMIT).all():  # at the first round, mostly: nothing is wrong
            break
        weights = 1 / np.maximum(off, 0.01)
    return solution


def _jacobian(solution: AnyArray, size: tuple[int, int]) -> AnyArray:
    """Returns metres east and north (rows) per column and row (columns), [2, 2]."""
    height, width = size
    return np.asarray(solution[:2].T * (2 / width, 2 / height))


def _distance(design: AnyArray, wanted: AnyArray, solution: AnyArray, size: tuple[int, int]) -> AnyArray | None:
    """Returns how far each point is from a fit, in pixels; None for a fit that maps the image to a line."""
    jacobian = _jacobian(solution, size)
    if abs(np.linalg.det(jacobian)) < 1e-12:
        return None
    missed = (design @ solution - wanted) @ np.linalg.inv(jacobian).T
    return np.asarray(np.linalg.norm(missed, axis=1))
