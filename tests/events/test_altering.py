from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from shapely import box

from changen_cli.events.altering import Alterations
from changen_cli.events.base import Site
from changen_cli.events.geometry import Floats, Outline, Outlines, shift
from changen_cli.scenes.layout import Layout

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]


def aside(outlines: Outlines, _: Floats) -> Outlines:
    return shift(outlines, np.full((len(outlines), 2), 2.0))


def alterations(layout: Layout, site: Site, attempts: int = 8) -> Alterations:
    return Alterations("shove", layout, site, np.random.default_rng(0), attempts, frozenset({1, 7}))


def test_each_footprint_changes_at_most_once_and_keeps_what_it_is(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(10, 10, 15, 15), box(30, 30, 35, 35))
    layout = replace(layout, footprints=(replace(layout.footprints[0], category=7), layout.footprints[1]))
    some = alterations(layout, make_site(layout))
    assert [some.make(aside, lambda a, b: True, overlap_own=True) for _ in range(3)] == [True, True, False]
    proposal = some.proposal("no room")
    assert {c.before.uid: c.after for c in proposal.changes if c.before} == {
        1: replace(layout.footprints[0], polygon=box(12, 12, 17, 17)),
        2: replace(layout.footprints[1], polygon=box(32, 32, 37, 37)),
    }
    assert {c.event for c in proposal.changes} == {"shove"}
    assert "no more footprints" in proposal.reason


def test_cut_settled_and_hidden_footprints_stay(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(0, 10, 5, 15), box(30, 30, 35, 35), box(50, 50, 55, 55), box(50, 50, 55, 55))
    some = alterations(layout, make_site(layout, gap=0.0, settled=frozenset({2})))
    assert not some.make(lambda o, c: shift(o, np.full((len(o), 2), -20.0)), lambda a, b: True, overlap_own=True)
    assert some.proposal("found nothing").reason == "found nothing"  # two were tried: the twins that hide each other


def test_without_overlap_the_old_outline_is_in_the_way(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(10, 10, 15, 15))
    assert not alterations(layout, make_site(layout)).make(aside, lambda a, b: True, overlap_own=False)
    assert alterations(layout, make_site(layout)).make(aside, lambda a, b: True, overlap_own=True)


def test_every_footprint_is_tried_before_one_is_tried_again(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(*(box(x, y, x + 4, y + 4) for x in (8, 24, 40) for y in (8, 24, 40)))
    tried: list[float] = []

    def refuse(before: Outline, after: Outline) -> bool:
        tried.append(before.bounds[0] * 100 + before.bounds[1])
        return False

    alterations(layout, make_site(layout), attempts=20).make(aside, refuse, overlap_own=True)
    assert len(tried) == 20
    assert len(set(tried[:9])) == len(set(tried[9:18])) == 9


def test_nothing_to_move(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout()
    some = alterations(layout, make_site(layout))
    assert not some.make(aside, lambda a, b: True, overlap_own=True)
    assert some.proposal("any").changes == ()
    assert "no more footprints" in some.proposal("any").reason
