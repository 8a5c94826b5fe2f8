from __future__ import annotations

import numpy as np
import pytest
from shapely import affinity, box
from shapely.geometry import Polygon

from changen_cli.events.base import Site
from changen_cli.events.places.aligned import Aligned
from changen_cli.events.places.base import Ground
from changen_cli.events.room import Room
from changen_cli.scenes.layout import Footprint, Layout

RNG = np.random.default_rng(0)
MIDDLE = (64, 64)


def turned(outline: Polygon, angle: float) -> Polygon:
    return affinity.rotate(outline, angle, origin=MIDDLE)


@pytest.mark.parametrize("angle", [0.0, 30.0, 75.0])
@pytest.mark.parametrize(
    ("outline", "stands"),
    [
        (box(80, 50, 90, 66), True),  # fronts on a line
        (box(80, 51.5, 90, 60), True),
        (box(80, 54, 90, 64), False),  # 4 and 6 px off
        (box(80, 60, 90, 70), True),  # backs on a line
        (box(50, 90, 56, 96), True),  # beside it, the other way
        (box(80, 86, 90, 96), False),
        (box(50, 122, 60, 127), True),
    ],
)
def test_in_a_row_with_the_nearest(outline: Polygon, stands: bool, angle: float) -> None:
    layout = Layout(128, 128, (Footprint(1, turned(box(50, 50, 70, 70), angle)), Footprint(2, box(1, 1, 2, 2), 2)))
    ground = Ground(Room(layout, Site(box(0, 0, 128, 128))), 1)
    assert Aligned().accept(turned(outline, angle), ground, RNG) is stands


def test_not_with_what_is_far_or_of_another_class() -> None:
    layout = Layout(128, 128, (Footprint(1, box(50, 50, 70, 70)),))
    room = Room(layout, Site(box(0, 0, 128, 128)))
    near = box(80, 50, 90, 60)
    assert not Aligned(reach=9).accept(near, Ground(room, 1), RNG)
    assert Aligned(reach=11).accept(near, Ground(room, 1), RNG)
    assert Aligned().lacks(Ground(room, 1)) == ""
    assert Aligned().lacks(Ground(room, 2)) == "the rule aligned finds no object of class 2 to stand in a row with"
