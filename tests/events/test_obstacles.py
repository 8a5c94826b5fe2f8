"""Obstacles are indexed once for a layout and a site, and anew for any other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry import box

from changen_cli.events.base import Site
from changen_cli.events.obstacles import obstacles, uncut
from changen_cli.scenes.layout import Footprint, Layout

LAYOUT = Layout(64, 64, (Footprint(1, box(0, 5, 9, 9)), Footprint(2, shapely.affinity.rotate(box(20, 20, 40, 30), 30))))
GONE = Footprint(7, box(50, 50, 60, 60))
SITE = Site(box(0, 0, 64, 64), occupied=(*LAYOUT.footprints, GONE))


def test_what_was_removed_in_this_step_is_still_in_the_way() -> None:
    there = obstacles(LAYOUT, SITE)
    assert there.uids.tolist() == [1, 2, 7]
    assert there.tree.query(box(55, 55, 56, 56)).tolist() == [2]
    assert there.near.query(box(55, 55, 56, 56)).tolist() == []


def test_walls_follow_those_that_the_edge_does_not_cut() -> None:
    assert uncut(obstacles(LAYOUT, SITE).blocking, LAYOUT).tolist() == [False, True, True]
    assert np.allclose(obstacles(LAYOUT, SITE).models(1).directions, [30])
    only = replace(LAYOUT, footprints=LAYOUT.footprints[:1])
    assert len(obstacles(only, SITE).models(1).outlines) == 1


def test_walls_follow_those_of_the_same_class_if_there_are_any() -> None:
    layout = replace(LAYOUT, footprints=(replace(LAYOUT.footprints[0], category=2), *LAYOUT.footprints[1:]))
    there = obstacles(layout, SITE)
    assert there.models(2).outlines.tolist() == [LAYOUT.footprints[0].polygon]  # cut, but there is no other
    assert there.models(1).outlines.tolist() == there.models(9).outlines.tolist() == [LAYOUT.footprints[1].polygon]


def test_the_same_two_are_indexed_once_and_equal_ones_again() -> None:
    there = obstacles(LAYOUT, SITE)
    assert obstacles(LAYOUT, SITE) is there
    assert obstacles(LAYOUT, replace(SITE)) is not there
    assert obstacles(replace(LAYOUT), SITE) is not there
