"""The outlines of a scene are looked at once, however many tiles it has."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry import Polygon, box

from changen_cli.events.supply import supply

OUTLINES = (box(-5, -3, 5, 3), Polygon(), shapely.affinity.rotate(box(-5, -3, 5, 3), 20))


def test_empty_outlines_are_left_out_and_directions_belong_to_the_others() -> None:
    found = supply(OUTLINES)
    assert found.outlines.tolist() == [OUTLINES[0], OUTLINES[2]]
    assert np.allclose(found.directions, [0, 20])


def test_the_same_outlines_are_looked_at_once_and_others_anew() -> None:
    found = supply(OUTLINES)
    assert supply(OUTLINES) is found
    assert len(supply(OUTLINES[:1]).outlines) == 1
    assert not len(supply(()).outlines)


def test_outlines_of_a_class_are_for_objects_of_it() -> None:
    classes = (1, 2, 2)
    assert supply(OUTLINES, classes, 2).outlines.tolist() == [OUTLINES[2]]
    assert supply(OUTLINES, classes, 1).outlines.tolist() == [OUTLINES[0]]
    assert supply(OUTLINES, classes, 3).outlines.tolist() == []
    assert len(supply(OUTLINES, (), 3).outlines) == 2
