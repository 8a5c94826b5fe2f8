from __future__ import annotations

import math

import numpy as np
from shapely import box

from changen_cli.events.places.base import Ground
from changen_cli.events.places.density import Density
from tests.events.places.test_base import GROUND


def test_the_probability_falls_with_the_distance() -> None:
    draw = np.random.default_rng(1)
    for distance in (5, 20, 40):
        outline = box(10 + distance, 5, 13 + distance, 10)
        share = np.mean([Density(reach=20).accept(outline, GROUND, draw) for _ in range(2000)])
        assert abs(share - math.exp(-distance / 20)) < 0.04


def test_there_must_be_something_of_its_class() -> None:
    assert Density().lacks(GROUND) == ""
    other = Ground(GROUND.room, 5)
    assert Density().lacks(other) == "the rule density finds no object of class 5 to stand near"
