"""Outlines traced around pixels, regularised to the walls that they stand for.

What a network sees as a building has rounded corners and steps of pixels. Walls are straight and mostly meet at right
angles, so of each outline shapes are tried, the simplest first: a rectangle along its main direction, then an outline
whose every edge is parallel or square to that, then the outline without its steps. The first that covers what was seen
well enough is taken, so nothing is straightened into what it is not; if none does, the outline stays as it was traced.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

import numpy as np
import shapely
from shapely import affinity
from shapely.errors import GEOSException
from shapely.geometry import Polygon

from changen_cli.events.geometry import GRID, Floats, Outlines, main_directions, outline_array
from changen_cli.scenes.footprints.tangles import Geometries

AGREEMENT = 0.8
"""Least intersection over union of a straightened outline with the traced one."""

RECTANGLE = 0.87
"""The same for a rectangle, which is taken before an outline that follows more closely: above what a rectangle agrees
with an L that lacks a quarter (0.8 at best), below what it does with one whose corners are rounded (0.9)."""

STEPS = 1.25
"""Tolerance that takes away steps of pixels, pixels; as :func:`~changen_cli.events.geometry.main_directions` has it."""


def straighten(outlines: Geometries) -> Outlines:
    """Regularises outlines to walls.

    Args:
        outlines: Valid polygons traced around pixels, object array [n], in pixels.

    Returns:
        Valid polygons, [n], each of which agrees with the traced one by :data:`AGREEMENT` or is that one.
    """
    if not len(outlines):
        return outline_array([])
    directions = main_directions(outlines).tolist()
    return outline_array([_straighten(one, turn) for one, turn in zip(outlines, directions, strict=True)])


def _straighten(traced: Polygon, direction: float) -> Polygon:
    for shape, least in _candidates(traced, direction):
        if shape.is_valid and shape.area and _agreement(shape, traced) >= least:
            return shape
    return traced


def _candidates(traced: Polygon, direction: float) -> Iterator[tuple[Polygon, float]]:
    """Yields shapes to try, each with the least agreement that it must have; not all of them are valid."""
    simple = shapely.simplify(traced, STEPS)
    centre = traced.centroid
    level = affinity.rotate(traced, -direction, origin=centre)
    for shape, least in ((_rectangle(level), RECTANGLE), (_squared(simple, -direction, centre), AGREEMENT)):
        if shape is not None:
            turned = affinity.rotate(shape, direction, origin=centre)
            yield shapely.transform(turned, lambda points: np.round(points * GRID) / GRID), least
    yield simple, AGREEMENT


def _agreement(one: Polygon, other: Polygon) -> float:
    try:
        shared = one.intersection(other).area
    except GEOSException:
        return 0.0
    return float(shared / (one.area + other.area - shared))


def _rectangle(level: Polygon) -> Polygon | None:
    """Returns the rectangle with the centre and area of an outline, and the proportions of its extent."""
    if level.interiors:
        return None
    left, top, right, bottom = level.bounds
    shrink = math.sqrt(level.area / ((right - left) * (bottom - top)))
    return affinity.scale(shapely.box(left, top, right, bottom), shrink, shrink, origin="center")


def _squared(simple: Polygon, turn: float, centre: shapely.Point) -> Polygon | None:
    """Turns an outline level and makes every edge level or upright; None if too few edges are left for an area."""
    level = affinity.rotate(simple, turn, origin=centre)
    rings = [_squared_ring(np.asarray(ring.coords)) for ring in (level.exterior, *level.interiors)]
    found = [ring for ring in rings if ring is not None]
    return Polygon(found[0], found[1:]) if len(found) == len(rings) else None


def _squared_ring(points: Floats) -> Floats | None:
    """Makes every edge of a closed ring [n + 1, 2] level or upright; None if fewer than four are left.

    Edges of one kind that follow each other become one wall, at their mean place weighted by their lengths.
    """
    edges = np.diff(points, axis=0)
    level = np.abs(edges[:, 0]) >= np.abs(edges[:, 1])
    changes = np.flatnonzero(level != np.roll(level, 1))
    if len(changes) < 4:
        return None
    order = np.roll(np.arange(len(edges)), -int(changes[0]))  # begin where a wall begins
    middle, length = (points[:-1] + points[1:]) / 2, np.hypot(edges[:, 0], edges[:, 1])
    walls: list[float] = []
    for is_level, run in groupby(order.tolist(), key=lambda edge: bool(level[edge])):
        of_wall = list(run)
        walls.append(float(np.average(middle[of_wall, int(is_level)], weights=length[of_wall])))
    first_is_level = bool(level[order[0]])
    corners = []
    for number, place in enumerate(walls):
        before = walls[number - 1]
        is_level = first_is_level == (number % 2 == 0)
        corners.append((before, place) if is_level else (place, before))
    return np.array(corners)
