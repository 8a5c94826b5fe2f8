from __future__ import annotations

import time

import numpy as np
import pytest
import shapely

from changen_cli.scenes.footprints import tangles
from changen_cli.scenes.footprints.tangles import is_intricate, repair


def scribble(vertices: int) -> shapely.Polygon:
    return shapely.Polygon(np.random.default_rng(0).uniform(0, 200, (vertices, 2)))


def star(spikes: int) -> shapely.Polygon:
    angles = np.linspace(0, 2 * np.pi, 2 * spikes, endpoint=False)
    radii = np.where(np.arange(2 * spikes) % 2, 100, 140)
    return shapely.Polygon(np.column_stack([radii * np.cos(angles), radii * np.sin(angles)]))


def test_a_bow_becomes_two_triangles() -> None:
    bow = shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    whole = repair(bow)
    assert whole is not None
    assert whole.equals(shapely.make_valid(bow))
    assert whole.area == pytest.approx(8)


def test_a_polygon_of_many_crossings_is_repaired() -> None:
    tangled = scribble(100)
    begun = time.process_time()
    whole = repair(tangled)
    assert time.process_time() - begun < 2
    assert whole is not None
    assert whole.is_valid
    assert whole.area > 0


def test_a_scribble_is_given_up_soon() -> None:
    begun = time.process_time()
    assert repair(scribble(3_000)) is None
    assert time.process_time() - begun < 5


def test_parts_that_share_walls_are_one_repair() -> None:
    row = shapely.MultiPolygon([shapely.box(x, 0, x + 1, 1) for x in range(200)])
    assert not row.is_valid
    whole = repair(row)
    assert whole is not None
    assert whole.area == pytest.approx(200)


def test_what_is_intricate() -> None:
    angles = np.linspace(0, 2 * np.pi, 50_000)
    assert not is_intricate(shapely.Polygon(np.column_stack([np.cos(angles), np.sin(angles)])))
    assert not is_intricate(star(400))
    assert is_intricate(star(10_000))


def test_the_edges_of_a_collection_are_those_of_its_polygons() -> None:
    box = shapely.box(0, 0, 1, 1)
    nested = shapely.GeometryCollection([shapely.MultiPolygon([box]), shapely.Point(0, 0), box])
    assert len(tangles._edges(nested)) == 8
