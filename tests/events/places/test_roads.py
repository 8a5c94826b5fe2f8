from __future__ import annotations

import numpy as np
import pytest
from shapely import box

from changen_cli.events.places.base import Ground
from changen_cli.events.places.roads import Roads
from changen_cli.events.room import Room
from tests.events.places.test_base import GROUND, LAYOUT

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("y", "stands"), [(2, False), (20, True), (35, True), (37, False), (45, False), (46, True)])
def test_beside_a_road_and_not_on_it(y: float, stands: bool) -> None:
    assert Roads(distance=(2.0, 25.0)).accept(box(20, y, 26, y + 2), GROUND, RNG) is stands


def test_classes_that_are_roads() -> None:
    assert Roads().lacks(GROUND) == ""
    assert Roads(classes=(1, 2)).lacks(GROUND) == ""
    assert Roads(classes=(3, 7)).lacks(GROUND) == "the rule roads finds no footprint of class 3 or 7 here"
    assert Roads(classes=(1,)).accept(box(14, 5, 20, 10), Ground(Room(LAYOUT, GROUND.room.site), 1), RNG)
