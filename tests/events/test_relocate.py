from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from shapely import affinity, box
from shapely.geometry import Polygon

from changen_cli import rng
from changen_cli.errors import UsageError
from changen_cli.events.base import Site
from changen_cli.events.geometry import main_directions, outline_array
from changen_cli.events.relocate import Relocate
from changen_cli.scenes.layout import Layout

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]


def test_the_same_outline_stands_elsewhere(town: Layout, make_site: MakeSite) -> None:
    changes = Relocate().propose(town, make_site(town), rng.generator(1), 6).changes
    assert len(changes) == 6
    for change in changes:
        assert change.before is not None
        assert change.after is not None
        assert change.after.uid == change.before.uid
        old, new = change.before.polygon, change.after.polygon
        assert old.distance(new) > 1.0  # S_t xor S_t+1 shows both in full
        back = affinity.translate(new, old.centroid.x - new.centroid.x, old.centroid.y - new.centroid.y)
        assert back.symmetric_difference(old).area < 0.1


@pytest.mark.parametrize("distance", [(40.0, 60.0), (100.0, float("inf")), (0.0, 35.0)])
def test_distance(town: Layout, make_site: MakeSite, distance: tuple[float, float]) -> None:
    changes = Relocate(distance=distance).propose(town, make_site(town), rng.generator(2), 3).changes
    assert len(changes) == 3
    for change in changes:
        assert change.before is not None
        assert change.after is not None
        moved = change.before.polygon.centroid.distance(change.after.polygon.centroid)
        assert distance[0] - 0.01 <= moved <= distance[1] + 0.01


def test_turn(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(*(box(x, y, x + 12, y + 5) for x in (6, 26, 46) for y in (8, 28, 48)))
    changes = Relocate(turn=30).propose(layout, make_site(layout), rng.generator(3), 4).changes
    turned = main_directions(outline_array([c.after.polygon for c in changes if c.after]))
    assert len(turned) == 4
    assert abs(turned).max() > 1
    assert abs(turned).max() <= 30.1


@pytest.mark.parametrize(
    ("allowed", "reason"), [(Polygon(), "nothing may be placed"), (box(0, 0, 40, 22), "room elsewhere")]
)
def test_no_room(make_layout: MakeLayout, make_site: MakeSite, allowed: Polygon, reason: str) -> None:
    layout = make_layout(box(10, 10, 30, 20))
    proposal = Relocate().propose(layout, make_site(layout, allowed), rng.generator(4), 1)
    assert proposal.changes == ()
    assert reason in proposal.reason or "nothing" in reason


def test_what_the_edge_cuts_stays(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(10, 0, 20, 10))
    proposal = Relocate().propose(layout, make_site(layout), rng.generator(5), 1)
    assert proposal.changes == ()
    assert "whole within the allowed ground" in proposal.reason


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"distance": (-1.0, 5.0)}, "distance -1.0: must be low:high, two numbers of at least 0"),
        ({"distance": (0.0, 0.0)}, "distance .*: must be .* high above 0"),
        ({"distance": (9.0, 5.0)}, "low below inf and not above high"),
        ({"distance": (0.0, float("nan"))}, "distance .*: must be low:high"),
        ({"distance": (float("inf"), float("inf"))}, "distance .*: must be .* low below inf"),
        ({"turn": 181}, "turn 181: "),
        ({"attempts": 0}, "attempts 0: "),
        ({"min_area": 0}, "min_area 0: "),
    ],
)
def test_parameters_are_checked(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Relocate(**values)
