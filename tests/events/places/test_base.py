from __future__ import annotations

from shapely import box

from changen_cli.events.base import Site
from changen_cli.events.places.base import Ground
from changen_cli.events.room import Room
from changen_cli.scenes.layout import Footprint, Layout

LAYOUT = Layout(64, 64, (Footprint(1, box(5, 5, 10, 10)), Footprint(2, box(0, 40, 64, 44), 2)))
GROUND = Ground(Room(LAYOUT, Site(box(0, 0, 64, 64))), 1)


def test_the_distance_to_the_nearest_of_some_classes() -> None:
    here = box(20, 5, 24, 10)
    assert GROUND.layout is LAYOUT
    assert GROUND.nearest(here, frozenset({1})) == 10
    assert GROUND.nearest(here, frozenset({2})) == 30
    assert GROUND.nearest(here, frozenset({1, 2})) == 10
    assert GROUND.nearest(here, frozenset({3})) == float("inf")
