from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shapely import affinity, box
from shapely.geometry import Polygon

from changen_cli import rng
from changen_cli.errors import UsageError
from changen_cli.events.base import Site
from changen_cli.events.create import Create
from changen_cli.events.geometry import main_directions, outline_array
from changen_cli.scenes.layout import Layout

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]


def test_creates_in_free_room_with_new_uids(town: Layout, make_site: MakeSite) -> None:
    town = replace(town, next_uid=90)
    proposal = Create().propose(town, make_site(town), rng.generator(1), 3)
    assert proposal.reason == ""
    assert [c.before for c in proposal.changes] == [None] * 3
    new = [c.after for c in proposal.changes if c.after]
    assert [f.uid for f in new] == [90, 91, 92]
    everything = [*(f.polygon for f in town.footprints), *(f.polygon for f in new)]
    for i, footprint in enumerate(new):
        others = everything[: len(town.footprints) + i]
        assert min(footprint.polygon.distance(p) for p in others) > 1.0
        assert box(0, 0, 256, 256).covers(footprint.polygon)


def test_new_footprints_follow_the_walls_of_their_neighbours(town: Layout, make_site: MakeSite) -> None:
    proposal = Create(jitter=2.0, scale=(0.5, 0.6)).propose(town, make_site(town), rng.generator(2), 8)
    found = main_directions(outline_array([c.after.polygon for c in proposal.changes if c.after]))
    assert len(found) == 8
    assert (np.abs(found - 20) < 3).all()
    assert len(set(np.round(found, 3))) > 1  # jittered


def test_without_align_new_footprints_turn_as_far_as_turn(town: Layout, make_site: MakeSite) -> None:
    site = make_site(town, outlines=(box(-6, -3, 6, 3),))
    for turn, least, most in ((5.0, 0.0, 5.01), (180.0, 20.0, 45.0)):
        event = Create(align=False, turn=turn, scale=(0.5, 0.5))
        proposal = event.propose(town, site, rng.generator(3), 8)
        found = np.abs(main_directions(outline_array([c.after.polygon for c in proposal.changes if c.after])))
        assert least < found.max() <= most


def test_an_empty_tile_gets_footprints_turned_freely(make_layout: MakeLayout, make_site: MakeSite) -> None:
    empty = make_layout()
    proposal = Create().propose(empty, make_site(empty, outlines=(box(-6, -3, 6, 3),)), rng.generator(4), 4)
    found = main_directions(outline_array([c.after.polygon for c in proposal.changes if c.after]))
    assert len(found) == 4
    assert found.max() - found.min() > 5


def test_scale_is_a_ratio_of_lengths(make_layout: MakeLayout, make_site: MakeSite) -> None:
    empty = make_layout()
    site = make_site(empty, outlines=(box(-4, -4, 4, 4),))
    changes = Create(scale=(2.0, 2.0)).propose(empty, site, rng.generator(5), 1).changes
    assert changes[0].after is not None
    assert changes[0].after.polygon.area == pytest.approx(16 * 16, rel=1e-3)


def test_category_goes_into_the_footprints(make_layout: MakeLayout, make_site: MakeSite) -> None:
    empty = make_layout()
    site = make_site(empty, outlines=(box(-4, -4, 4, 4),))
    changes = Create(category=9).propose(empty, site, rng.generator(5), 1).changes
    assert changes[0].after is not None
    assert changes[0].after.category == 9


@pytest.mark.parametrize(
    ("outlines", "allowed", "reason"),
    [
        ((), None, "no outlines"),
        ((Polygon(),), None, "no outlines"),
        ((box(-4, -4, 4, 4),), Polygon(), "nothing may be placed"),
        ((box(-4, -4, 4, 4),), box(0, 0, 5, 5), "no room .* in 64 attempts"),
        ((box(-40, -40, 40, 40),), None, "no room"),
        ((box(-1, -1, 1, 1),), None, "16 px or more"),
        ((box(-30, -0.1, 30, 0.1),), None, "16 px or more"),  # large enough on paper, but it draws next to nothing
    ],
)
def test_says_why_nothing_could_be_created(
    make_layout: MakeLayout, make_site: MakeSite, outlines: tuple[Polygon, ...], allowed: Polygon | None, reason: str
) -> None:
    empty = make_layout()
    proposal = Create(align=False, turn=0.0).propose(
        empty, make_site(empty, allowed, outlines=outlines), rng.generator(6), 2
    )
    assert proposal.changes == ()
    assert re.search(reason, proposal.reason)


def test_fills_what_room_there_is_and_stops(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(0, 0, 64, 40))
    site = make_site(layout, outlines=(affinity.scale(box(-10, -10, 10, 10), 1, 1),))
    proposal = Create(scale=(1, 1)).propose(layout, site, rng.generator(7), 50)
    assert 1 <= len(proposal.changes) <= 3
    assert proposal.reason


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"align": "maybe"}, "align maybe: must be yes or no"),
        ({"jitter": 50.0}, "jitter 50.0: must be a number from 0 to 45"),
        ({"turn": -1.0}, "turn -1.0: must be a number from 0 to 180"),
        ({"turn": float("nan")}, "turn nan: must be a number"),
        ({"scale": (1.5, 1.2)}, "scale .*: must be low:high, each a number from 0.05 to 20, low not above high"),
        ({"scale": (0.0, 1.2)}, "scale 0.0: must be .* from 0.05 to 20"),
        ({"scale": 2.0}, "scale 2.0: must be low:high"),
        ({"attempts": 0}, "attempts 0: must be a whole number from 1 to 10000"),
        ({"min_area": 0.5}, "min_area 0.5: must be a number of at least 1"),
        ({"category": 0}, "category 0: "),
        ({"category": 256}, "category 256: "),
    ],
)
def test_parameters_are_checked(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Create(**values)
