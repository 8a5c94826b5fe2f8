from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from shapely import box

from changen_cli import rng
from changen_cli.errors import UsageError
from changen_cli.events.base import Site
from changen_cli.events.geometry import main_directions, outline_array
from changen_cli.events.rotate import Rotate
from changen_cli.scenes.layout import Layout

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]


def test_turns_about_the_centroid(town: Layout, make_site: MakeSite) -> None:
    changes = Rotate(angle=(15, 15)).propose(town, make_site(town), rng.generator(1), 8).changes
    assert len(changes) == 8
    sides = set()
    for change in changes:
        assert change.before is not None
        assert change.after is not None
        assert change.after.uid == change.before.uid
        assert change.before.polygon.centroid.distance(change.after.polygon.centroid) < 0.01
        assert change.after.polygon.area == pytest.approx(change.before.polygon.area, rel=2e-3)
        turned = main_directions(outline_array([change.before.polygon, change.after.polygon]))
        assert abs(turned[1] - turned[0]) == pytest.approx(15, abs=0.2)
        sides.add(turned[1] > turned[0])
    assert sides == {True, False}


def test_a_turn_that_gives_the_same_outline_is_no_change(make_layout: MakeLayout, make_site: MakeSite) -> None:
    square, oblong = make_layout(box(20, 20, 40, 40)), make_layout(box(20, 20, 50, 40))
    quarter = Rotate(angle=(90, 90))
    proposal = quarter.propose(square, make_site(square), rng.generator(2), 1)
    assert proposal.changes == ()
    assert "visibly" in proposal.reason
    assert len(quarter.propose(oblong, make_site(oblong), rng.generator(2), 1).changes) == 1
    assert Rotate(angle=(180, 180)).propose(oblong, make_site(oblong), rng.generator(2), 1).changes == ()


def test_min_change_is_measured_in_pixels(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(20, 20, 40, 40))
    for min_change, made in ((0.1, 1), (0.3, 0)):  # a square turned by 10 degrees differs by 15 %
        event = Rotate(angle=(10, 10), min_change=min_change)
        assert len(event.propose(layout, make_site(layout), rng.generator(3), 1).changes) == made


def test_needs_room_and_leaves_what_the_edge_cuts(make_layout: MakeLayout, make_site: MakeSite) -> None:
    tight = make_layout(box(20, 20, 50, 26), box(20, 27.5, 50, 33))
    assert Rotate(angle=(20, 90)).propose(tight, make_site(tight), rng.generator(4), 1).changes == ()
    cut = make_layout(box(30, 40, 36, 64))
    assert Rotate().propose(cut, make_site(cut), rng.generator(4), 1).changes == ()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"angle": (0.0, 90.0)}, "angle 0.0: .*from 1 to 180"),
        ({"attempts": 0}, "attempts 0: "),
        ({"min_area": 0}, "min_area 0: "),
        ({"min_change": 2.0}, "min_change 2.0: .*from 0.01 to 1"),
    ],
)
def test_parameters_are_checked(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Rotate(**values)
