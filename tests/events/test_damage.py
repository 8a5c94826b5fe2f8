from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely import affinity, box
from shapely.geometry import Polygon

from changen_cli import rng
from changen_cli.errors import UsageError
from changen_cli.events.base import Site
from changen_cli.events.checking import check_proposal
from changen_cli.events.damage import Damage, cut_off
from changen_cli.events.geometry import outline_array
from changen_cli.events.schedule import make_schedule
from changen_cli.events.simulate import simulate
from changen_cli.scenes.layout import Layout

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]


def test_destroyed_is_gone(town: Layout, make_site: MakeSite) -> None:
    proposal = Damage().propose(town, make_site(town), rng.generator(1), 5)
    assert len(proposal.changes) == 5
    assert all(c.before in town.footprints and c.after is None and c.event == "damage" for c in proposal.changes)


def test_major_damage_leaves_a_part_of_what_stood(town: Layout, make_site: MakeSite) -> None:
    site = make_site(town)
    proposal = Damage(level=("major",)).propose(town, site, rng.generator(1), 8)
    assert len(proposal.changes) == 8
    assert check_proposal(proposal, town, site, 8) == ""
    for change in proposal.changes:
        before, after = change.before, change.after
        assert before is not None
        assert after is not None
        assert (after.uid, after.category) == (before.uid, before.category)
        assert 0.3 < after.polygon.area / before.polygon.area < 0.8
        assert after.polygon.difference(before.polygon).area < 1e-6


def test_both_levels_are_as_likely_and_no_one_is_hit_twice(town: Layout, make_site: MakeSite) -> None:
    site = make_site(town)
    kinds = []
    for seed in range(30):
        changes = Damage(level=("destroyed", "major")).propose(town, site, rng.generator(seed), 6).changes
        assert len({c.before.uid for c in changes if c.before}) == len(changes) == 6
        kinds += [c.after is None for c in changes]
    assert 60 < sum(kinds) < 120


def test_touching_buildings_can_break(make_layout: MakeLayout, make_site: MakeSite) -> None:
    """A terrace, oblique: parts lie within what stood but for the last bit, and each wall touches the next."""
    houses = [affinity.rotate(box(12 + 10 * i, 20, 22 + 10 * i, 44), 23.7, origin=(32, 32)) for i in range(4)]
    layout = make_layout(*houses)
    event = Damage(level=("major",), attempts=16)
    made = [len(event.propose(layout, make_site(layout), rng.generator(seed), 4).changes) for seed in range(20)]
    assert made == [4] * 20


def test_specks_are_left_alone(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(10, 10, 13, 13))
    for level in ("destroyed", "major"):
        proposal = Damage(level=(level,)).propose(layout, make_site(layout), rng.generator(1), 2)
        assert proposal.changes == ()
        assert proposal.reason


def test_what_is_cut_off() -> None:
    bar, post = box(10, 10, 30, 16), affinity.rotate(box(40, 10, 46, 34), 30)
    outlines = outline_array([bar, post])
    centres = shapely.get_coordinates(shapely.centroid(outlines))
    half, rest = (cut_off(outlines, centres, np.array([0.25, 0.5]), np.array([end, end])) for end in (False, True))
    assert half[0].equals_exact(box(10, 10, 15, 16), 1e-3, normalize=True)
    assert rest[0].equals_exact(box(25, 10, 30, 16), 1e-3, normalize=True)
    assert half[1].area == pytest.approx(72, abs=0.1)
    assert half[1].union(rest[1]).area == pytest.approx(144, abs=0.1)


def test_of_several_parts_the_largest_stands() -> None:
    comb = Polygon([(0, 0), (20, 0), (20, 40), (18, 40), (18, 16), (5, 16), (5, 40), (0, 40)])
    (left,) = cut_off(outline_array([comb]), np.zeros((1, 2)), np.array([0.4]), np.array([True]))
    assert left.equals_exact(box(0, 24, 5, 40), 1e-3, normalize=True)


def test_levels_that_cannot_be_drawn_are_refused() -> None:
    for level in ("minor", "no-damage", "", "destroyed:minor"):
        with pytest.raises(UsageError, match=r"damage\.level=.*minor damage and none change no outline"):
            make_schedule("damage", "1:2", [f"damage.level={level}"])
    ((_, event, _),) = make_schedule("damage", "1:2", ["damage.level=destroyed:major"]).events
    assert isinstance(event, Damage)
    assert event.kinds == {"remove", "alter"}
    assert Damage().kinds == {"remove"}
    assert Damage(level=("major",), classes=(2,)).categories == {2}


def test_histories_of_a_disaster(town: Layout, make_site: MakeSite) -> None:
    schedule = make_schedule("damage,create", "4:8", ["damage.level=destroyed:major"])
    history = simulate(town, replace(make_site(town), occupied=()), schedule, 3, (1,))
    assert {c.event for changes in history.changes for c in changes} == {"damage", "create"}
