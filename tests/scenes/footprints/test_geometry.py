from __future__ import annotations

import numpy as np
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from changen_cli.scenes.footprints.geometry import PolygonIndex, centred, to_polygons
from changen_cli.scenes.window import Window


def test_everything_that_features_may_hold() -> None:
    bow_tie = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    features = [
        box(0, 0, 4, 4),
        MultiPolygon([box(10, 0, 12, 2), box(14, 0, 16, 2)]),
        bow_tie,
        Polygon([(0, 0), (5, 5), (0, 0)]),
        LineString([(0, 0), (3, 3)]),
        Point(1, 1),
        None,
        Polygon(),
        GeometryCollection([box(0, 0, 1, 1), GeometryCollection([MultiPolygon([box(5, 5, 6, 6)]), Point(0, 0)])]),
        Polygon([(0, 0), (np.inf, 0), (1, 1)]),
    ]
    parts = to_polygons(np.array(features, object))
    report = parts.report
    assert parts.feature.tolist() == [0, 1, 1, 2, 2, 8, 8]
    assert all(p.geom_type == "Polygon" and p.is_valid and p.area > 0 for p in parts.polygons)
    assert (report.features, report.footprints, report.repaired) == (10, 7, 1)
    assert (report.empty, report.not_polygons, report.zero_area) == (3, 2, 1)
    assert report.dropped == 6


def test_nothing() -> None:
    assert to_polygons(np.empty(0, object)).report.features == 0
    assert centred(np.empty(0, object), 5) == ()


def test_cutting() -> None:
    u_shape = Polygon([(0, 0), (30, 0), (30, 20), (20, 20), (20, 5), (10, 5), (10, 20), (0, 20)])
    index = PolygonIndex(np.array([box(100, 100, 101, 101), u_shape, box(0, 20, 5, 30)], object), np.array([5, 6, 7]))
    polygons, uids = index.cut(Window(10, 0, 10, 40))
    assert uids.tolist() == [6]  # the last one only touches the window's edge
    assert isinstance(polygons[0], MultiPolygon)
    assert polygons[0].bounds == (0, 0, 30, 10)
    assert index.cut(Window(500, 500, 10, 10))[1].size == 0
    assert index.inside(Window(0, 0, 200, 200), min_area=2).shape == (2,)


def test_picking_is_even_and_bounded() -> None:
    boxes = np.array([box(i, 0, i + 1 + i, 1) for i in range(100)], object)
    picked = centred(boxes, 5)
    assert [round(p.area) for p in picked] == [1, 26, 51, 75, 100]
    assert centred(boxes, 0) == ()
    assert len(centred(boxes, 1000)) == 100
