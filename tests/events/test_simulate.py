from __future__ import annotations

import multiprocessing
import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity, box
from shapely.geometry import Polygon

from changen_cli.errors import PluginError, UsageError
from changen_cli.events.base import Change, History, Proposal, Site
from changen_cli.events.schedule import Schedule, make_schedule
from changen_cli.events.simulate import apply_changes, simulate
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.types import UInt8Array

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]
Install = Callable[[str, dict[str, str], str], None]

ALL = "create=2,remove,scale,rotate,relocate"
KEY = (0, "scene", "r0_c0", 0)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Layout, Site]:
    """A canvas with some buildings apart from each other, some cut by its edge, and a lake that may not be built on."""
    size = (draw(st.integers(48, 96)), draw(st.integers(48, 96)))
    canvas = box(0, 0, size[1], size[0])
    polygons: list[Polygon] = []
    for _ in range(draw(st.integers(0, 9))):
        x, y = draw(st.floats(0, size[1])), draw(st.floats(0, size[0]))
        w, h, turn = draw(st.floats(3, 24)), draw(st.floats(3, 24)), draw(st.floats(0, 180))
        outline = affinity.rotate(box(x - w / 2, y - h / 2, x + w / 2, y + h / 2), turn).intersection(canvas)
        if isinstance(outline, Polygon) and outline.area > 1 and all(outline.distance(p) > 0.01 for p in polygons):
            polygons.append(outline)
    layout = Layout(*size, tuple(Footprint(i + 1, p) for i, p in enumerate(polygons)))
    lake = shapely.Point(draw(st.floats(0, 96)), draw(st.floats(0, 96))).buffer(draw(st.floats(1, 30)))
    allowed = canvas.difference(lake) if draw(st.booleans()) else canvas
    outlines = (box(-6, -4, 6, 4), Polygon([(-6, -6), (6, -6), (6, -1), (0, -1), (0, 6), (-6, 6)]))
    return layout, Site(allowed, draw(st.sampled_from([0.0, 1.0, 2.5])), outlines)


def check_history(history: History, site: Site, schedule: Schedule) -> None:
    """Checks everything that labels rest on."""
    ever: set[int] = {f.uid for f in history.layouts[0].footprints}
    for i, changes in enumerate(history.changes):
        before, after = history.layouts[i], history.layouts[i + 1]
        assert apply_changes(before, changes) == after
        assert len(changes) <= schedule.changes_per_step[1]
        touched = [f.uid for f in (c.before or c.after for c in changes) if f]
        assert len(touched) == len(changes)
        assert len(touched) == len(set(touched))
        assert len({f.uid for f in after.footprints}) == len(after.footprints)
        masks = before.rasterize()[0], after.rasterize()[0]
        for change in changes:
            assert change.step == i + 1
            own = change.before.uid if change.before else None
            assert own is None or change.before in before.footprints
            if change.after is None:
                assert own not in {f.uid for f in after.footprints}
                continue
            assert change.after in after.footprints
            if own is None:
                assert change.after.uid not in ever  # a uid is never used twice
                ever.add(change.after.uid)
            outline = change.after.polygon
            assert outline.is_valid
            if change.before is not None and change.before.polygon.covers(outline):
                continue  # it shrank: no new ground
            assert site.allowed.covers(outline)
            others = [f for f in (*before.footprints, *after.footprints) if f.uid not in (own, change.after.uid)]
            assert all(outline.distance(f.polygon) >= site.gap - 1e-9 for f in others)
            assert all(outline.intersection(f.polygon).area == 0 for f in others)
        check_labels(changes, *masks)


def check_labels(changes: tuple[Change, ...], before: UInt8Array, after: UInt8Array) -> None:
    """Checks that S_t xor S_t+1 is what the changes say, pixel by pixel."""
    expected = np.zeros(before.shape, bool)
    for change in changes:
        size = (before.shape[0], before.shape[1])
        old = Layout(*size, (change.before,)).rasterize()[0] > 0 if change.before else np.zeros(size, bool)
        new = Layout(*size, (change.after,)).rasterize()[0] > 0 if change.after else np.zeros(size, bool)
        expected |= old ^ new
        if change.before is None:
            assert new.any()
            assert not before[new].any()  # created on background
        if change.after is None:
            assert not after[old].any()  # removed to background
        if change.event == "relocate":
            assert not (old & new).any()
        assert (old ^ new).any()
    np.testing.assert_array_equal((before > 0) ^ (after > 0), expected)


@settings(max_examples=60)
@given(world=worlds(), seed=st.integers(0, 2**31), steps=st.integers(1, 4))
def test_histories_keep_every_rule(world: tuple[Layout, Site], seed: int, steps: int) -> None:
    layout, site = world
    schedule = make_schedule(ALL, "0:6")
    copy = pickle.dumps((layout, site))
    history = simulate(layout, site, schedule, steps, (seed, *KEY[1:]))
    assert len(history.layouts) == len(history.changes) + 1 == steps + 1
    assert history.layouts[0] is layout
    assert pickle.loads(copy) == (layout, site)
    check_history(history, site, schedule)
    assert simulate(layout, site, schedule, steps, (seed, *KEY[1:])) == history


def test_footprints_that_overlap_at_the_source_still_give_changes_that_show(
    make_layout: MakeLayout, make_site: MakeSite
) -> None:
    twins = [box(8, 8, 18, 18), box(8, 8, 18, 18), box(30, 8, 45, 20), box(40, 12, 55, 24), box(12, 40, 30, 56)]
    layout = make_layout(*twins)
    for seed in range(20):
        history = simulate(layout, make_site(layout), make_schedule(ALL, "1"), 3, (seed, *KEY[1:]))
        for i, changes in enumerate(history.changes):
            before, after = (s.rasterize()[0] for s in history.layouts[i : i + 2])
            assert (before != after).any() == bool(changes)


def test_a_town_keeps_every_rule(town: Layout, make_site: MakeSite) -> None:
    schedule = make_schedule(ALL, "5")
    site = make_site(town)
    for tile in range(5):
        history = simulate(town, site, schedule, 3, (0, "town", tile, 0))
        assert history.shortfalls == ()
        assert [len(c) for c in history.changes] == [5, 5, 5]
        check_history(history, site, schedule)


def test_every_part_of_the_key_counts(town: Layout, make_site: MakeSite) -> None:
    site, schedule = make_site(town), make_schedule("create,remove", "5")
    keys = [KEY, (1, *KEY[1:]), (0, "other", *KEY[2:]), (*KEY[:2], "r0_c1", 0), (*KEY[:3], 1)]
    assert len({pickle.dumps(simulate(town, site, schedule, 1, key).changes) for key in keys}) == len(keys)


def test_steps_differ_and_do_not_depend_on_how_many_follow(town: Layout, make_site: MakeSite) -> None:
    site, schedule = make_site(town), make_schedule("create,remove", "2")
    long, short = simulate(town, site, schedule, 3, KEY), simulate(town, site, schedule, 2, KEY)
    assert long.changes[:2] == short.changes
    removed = [c.before.uid for step in long.changes for c in step if c.before]
    assert len(removed) == len(set(removed))


def test_another_process_makes_the_same_history(town: Layout, make_site: MakeSite) -> None:
    arguments = (town, make_site(town), make_schedule(ALL), 2, KEY)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(simulate, arguments) == simulate(*arguments)


def test_changes_are_shared_by_weight(town: Layout, make_site: MakeSite) -> None:
    site, schedule = make_site(town), make_schedule("create=3,remove=1", "4")
    counts = Counter(c.event for i in range(40) for c in simulate(town, site, schedule, 1, (i, *KEY[1:])).changes[0])
    assert counts.total() == 160
    assert 100 < counts["create"] < 140


def test_the_number_of_changes_covers_its_range(town: Layout, make_site: MakeSite) -> None:
    site, schedule = make_site(town), make_schedule("remove", "0:3")
    counts = Counter(len(simulate(town, site, schedule, 1, (i, *KEY[1:])).changes[0]) for i in range(60))
    assert set(counts) == {0, 1, 2, 3}


def test_a_full_tile_ends_with_shortfalls(make_layout: MakeLayout, make_site: MakeSite) -> None:
    full = make_layout(*(box(x, y, x + 15, y + 15) for x in range(0, 64, 16) for y in range(0, 64, 16)))
    history = simulate(full, make_site(full, outlines=(box(-6, -6, 6, 6),)), make_schedule("create", "5"), 2, KEY)
    assert history.layouts[1] == history.layouts[2] == full
    assert [(s.step, s.event, s.wanted, s.made) for s in history.shortfalls] == [
        (1, "create", 5, 0),
        (2, "create", 5, 0),
    ]
    assert all("no room" in s.reason for s in history.shortfalls)


def test_what_one_event_cannot_do_the_others_are_offered(make_layout: MakeLayout, make_site: MakeSite) -> None:
    empty = make_layout(size=(256, 256))
    site = make_site(empty, outlines=(box(-6, -4, 6, 4),))
    history = simulate(empty, site, make_schedule("create,remove=9", "4"), 1, KEY)
    assert [c.event for c in history.changes[0]] == ["create"] * 4
    (short,) = history.shortfalls
    assert (short.event, short.made) == ("remove", 0)
    assert short.wanted >= 1
    assert "no more footprints" in short.reason


def test_when_no_event_can_do_more_every_shortfall_is_recorded(make_layout: MakeLayout, make_site: MakeSite) -> None:
    one = make_layout(box(20, 20, 40, 40))
    history = simulate(one, make_site(one, outlines=()), make_schedule("create,remove", "6"), 1, KEY)
    assert len(history.changes[0]) == 1
    assert history.layouts[1].footprints == ()
    assert {s.event for s in history.shortfalls} == {"create", "remove"}
    assert all(s.made < s.wanted for s in history.shortfalls)


def test_drawing_order(make_layout: MakeLayout) -> None:
    a, b, c = make_layout(box(1, 1, 5, 5), box(10, 10, 15, 15), box(20, 20, 25, 25)).footprints
    moved, first, second = (
        Footprint(1, box(30, 30, 34, 34)),
        Footprint(8, box(40, 40, 44, 44)),
        Footprint(7, box(50, 50, 54, 54)),
    )
    layout = Layout(64, 64, (a, b, c), next_uid=5)
    after = apply_changes(
        layout,
        [Change("x", 1, None, first), Change("x", 1, b, None), Change("x", 1, a, moved), Change("x", 1, None, second)],
    )
    assert after.footprints == (moved, c, first, second)
    assert after.next_uid == 9
    assert apply_changes(after, [Change("x", 2, first, None)]).next_uid == 9
    assert layout.footprints == (a, b, c)


@pytest.mark.parametrize("steps", [0, -1])
def test_steps_are_checked(make_layout: MakeLayout, make_site: MakeSite, steps: int) -> None:
    layout = make_layout()
    with pytest.raises(UsageError, match=f"steps={steps}"):
        simulate(layout, make_site(layout), make_schedule("create"), steps, KEY)


@dataclass(frozen=True)
class Spy:
    """Removes the first footprint there is, and remembers what it was told."""

    name: ClassVar[str] = "spy"
    seen: ClassVar[list[tuple[Layout, Site, int]]] = []

    def propose(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        self.seen.append((layout, site, count))
        return Proposal((Change("an alias", 9, layout.footprints[0], None),))


def test_an_event_is_told_of_s_t_and_of_what_the_step_has_changed(town: Layout, make_site: MakeSite) -> None:
    Spy.seen.clear()
    schedule = Schedule((("spy", Spy(), 1.0), ("again", Spy(), 1.0)), (8, 8))
    history = simulate(town, make_site(town, occupied=()), schedule, 1, KEY)
    (_, first, wanted), (then, second, rest) = Spy.seen
    assert wanted + rest == 8
    assert first.occupied == second.occupied == town.footprints
    assert first.settled == frozenset()
    assert second.settled == {1}
    assert then == town.without([1])
    assert [(c.event, c.step) for c in history.changes[0]] == [("spy", 1), ("again", 1)]  # the schedule's names
    assert [s.reason for s in history.shortfalls] == ["the event gave no reason"] * 2


SPRAWL = '''
from dataclasses import dataclass
from typing import ClassVar

from shapely import box

from changen_cli.events.base import Change, Proposal
from changen_cli.scenes.layout import Footprint


@dataclass(frozen=True)
class Corner:
    """Builds in the corner."""

    name: ClassVar[str] = "corner"
    size: int = 8

    def propose(self, layout, site, rng, count):
        if any(f.polygon.distance(box(1, 1, self.size, self.size)) <= site.gap for f in layout.footprints):
            return Proposal(reason="the corner is taken")
        new = Footprint(layout.next_uid, box(1, 1, self.size, self.size))
        return Proposal((Change("corner", 0, None, new),), "there is one corner" if count > 1 else "")


@dataclass(frozen=True)
class Careless:
    """Builds on what is there."""

    name: ClassVar[str] = "careless"

    def propose(self, layout, site, rng, count):
        return Proposal((Change("careless", 0, None, Footprint(layout.next_uid, layout.footprints[0].polygon)),))


@dataclass(frozen=True)
class Crash:
    """Raises."""

    name: ClassVar[str] = "crash"

    def propose(self, layout, site, rng, count):
        return 1 / 0
'''


def test_a_plugin_of_a_third_party_runs(install: Install, make_layout: MakeLayout, make_site: MakeSite) -> None:
    install("sprawl", {"corner": "sprawl:Corner"}, SPRAWL)
    layout = make_layout(box(30, 30, 40, 40))
    schedule = make_schedule("corner", "1", ["corner.size=12"])
    history = simulate(layout, make_site(layout), schedule, 2, KEY)
    assert [c.after for c in history.changes[0]] == [Footprint(2, box(1, 1, 12, 12))]
    assert history.changes[1] == ()
    assert [(s.step, s.event, s.reason) for s in history.shortfalls] == [(2, "corner", "the corner is taken")]
    assert schedule.as_manifest()["events"][0]["plugin"] == "sprawl:Corner"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("careless", "'careless' at 0/scene/r0_c0/0/1/event/careless broke its contract: footprint 2 .* within 1 px"),
        ("crash", r"'crash' at .* failed: ZeroDivisionError\('division by zero'\)"),
    ],
)
def test_a_plugin_that_breaks_its_contract_is_stopped(
    install: Install, make_layout: MakeLayout, make_site: MakeSite, name: str, message: str
) -> None:
    install("sprawl", {"careless": "sprawl:Careless", "crash": "sprawl:Crash"}, SPRAWL)
    layout = make_layout(box(30, 30, 40, 40))
    with pytest.raises(PluginError, match=message):
        simulate(layout, make_site(layout), make_schedule(name, "1"), 1, KEY)
