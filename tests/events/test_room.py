from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import shapely
from shapely import affinity, box
from shapely.geometry import Polygon

from changen_cli.events.base import Site
from changen_cli.events.geometry import Outlines, outline_array
from changen_cli.events.room import BATCH, Room, differing_part, drawn_size, search
from changen_cli.scenes.layout import Footprint, Layout

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]


@pytest.mark.parametrize(
    ("candidate", "free"),
    [
        (box(30, 30, 40, 40), True),
        (box(15, 15, 25, 25), False),  # on another
        (box(20.5, 10, 28, 20), False),  # closer than the gap of 2
        (box(22.5, 10, 28, 20), True),  # farther than the gap
        (box(55, 55, 65, 60), False),  # over the edge
        (box(-1, 30, 5, 40), False),
        (box(40, 5, 50, 15), False),  # on ground of S_t that this step has freed
    ],
)
def test_free(make_layout: MakeLayout, make_site: MakeSite, candidate: Polygon, free: bool) -> None:
    before = make_layout(box(10, 10, 20, 20), box(42, 6, 48, 12))
    room = Room(before.without([2]), make_site(before, gap=2.0))
    assert room.free(outline_array([candidate])).tolist() == [free]


def test_free_is_only_what_lies_wholly_on_allowed_ground(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout()
    allowed = box(0, 0, 64, 64).difference(box(20, 20, 24, 24))
    room = Room(layout, make_site(layout, allowed))
    candidates = outline_array([box(1, 1, 9, 9), box(10, 10, 30, 30), box(22, 22, 28, 28)])
    assert room.free(candidates).tolist() == [True, False, False]


def test_allowed_ground_beyond_the_canvas_is_no_room(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout()
    room = Room(layout, make_site(layout, box(-50, -50, 200, 200)))
    assert room.area == (0, 0, 64, 64)
    assert room.free(outline_array([box(60, 60, 70, 70)])).tolist() == [False]


def test_an_owner_is_not_in_its_own_way_but_others_are(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(10, 10, 20, 20), box(24, 10, 30, 20))
    room = Room(layout, make_site(layout))
    candidates = outline_array([box(9, 9, 22, 22), box(9, 9, 23.5, 22)])
    assert room.free(candidates, [layout.footprints[0]] * 2).tolist() == [True, False]
    assert room.free(candidates).tolist() == [False, False]


def test_what_covers_no_new_ground_is_free_even_within_the_gap(make_layout: MakeLayout, make_site: MakeSite) -> None:
    terrace = make_layout(box(10, 10, 20, 20), box(20, 10, 30, 20))
    room = Room(terrace, make_site(terrace, gap=3.0))
    shrunk, poking_out = box(11, 11, 19, 19), box(9, 11, 19, 19)
    assert room.free(outline_array([shrunk, poking_out]), [terrace.footprints[0]] * 2).tolist() == [True, False]


def test_claimed_ground_is_taken(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout()
    room = Room(layout, make_site(layout))
    candidate = outline_array([box(10, 10, 20, 20)])
    assert room.free(candidate).all()
    room.claim(box(20.5, 10, 30, 20))
    assert not room.free(candidate).any()


def test_without_a_gap_walls_may_touch_only_where_there_is_slack(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(10, 10, 20, 20))
    room = Room(layout, make_site(layout, gap=0.0))
    touching, overlapping = box(20, 10, 25, 20), box(19, 10, 25, 20)
    assert room.free(outline_array([touching])).tolist() == [False]  # both might draw a pixel centred on the wall
    assert room.free(outline_array([touching, overlapping]), slack=1e-6).tolist() == [True, False]


def test_no_ground_has_no_area(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout()
    assert Room(layout, make_site(layout, Polygon())).area is None
    assert Room(layout, make_site(layout, box(100, 100, 120, 120))).area is None


def test_directions_are_those_of_the_nearest_outline(make_layout: MakeLayout, make_site: MakeSite) -> None:
    def directions_of(*polygons: Polygon) -> list[float]:
        layout = make_layout(*polygons)
        found = Room(layout, make_site(layout)).directions(np.array([[8.0, 8.0], [30.0, 40.0]]))
        assert found is not None
        return [round(direction, 6) for direction in found.tolist()]

    near, far = affinity.rotate(box(2, 2, 6, 6), 10), affinity.rotate(box(48, 48, 58, 58), 25)
    cut = Polygon([(0, 40), (20, 36), (24, 56), (0, 60)])
    assert directions_of(near, far) == [10, 25]
    assert directions_of(near, far, cut) == [10, 25]  # the edge cuts that one, so it is passed over
    assert directions_of(cut) == directions_of(cut)[:1] * 2
    empty = make_layout()
    assert Room(empty, make_site(empty)).directions(np.zeros((1, 2))) is None


def test_whole_outlines_touch_neither_canvas_nor_forbidden_ground(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout()
    room = Room(layout, make_site(layout, box(0, 0, 50, 64)))
    outlines = [box(5, 5, 9, 9), box(0, 5, 9, 9), box(5, 60, 9, 64), box(45, 5, 50, 9), box(45, 5, 55, 9)]
    assert room.whole(outline_array(outlines)).tolist() == [True, False, False, False, False]
    assert room.whole(outline_array([])).tolist() == []


@pytest.mark.parametrize(
    ("cover", "shows"), [(box(30, 30, 40, 40), True), (box(10, 10, 14, 20), True), (box(10, 10, 16, 20), False)]
)
def test_shows(make_layout: MakeLayout, make_site: MakeSite, cover: Polygon, shows: bool) -> None:
    layout = make_layout(box(10, 10, 20, 20), cover)
    assert Room(layout, make_site(layout)).visible(layout.footprints[0], 4) is shows


def test_specks_and_what_lies_off_the_canvas_do_not_show(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(10, 10, 11, 13), box(10.6, 30, 11.4, 60), box(70, 70, 90, 90))
    room = Room(layout, make_site(layout))
    assert [room.visible(f, 4) for f in layout.footprints] == [False, False, False]
    assert room.visible(layout.footprints[0], 3)


def test_search_is_bounded_and_claims_what_it_finds(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout()
    room = Room(layout, make_site(layout))
    drawn: list[int] = []

    def draw(n: int) -> tuple[Outlines, list[Footprint | None]]:
        drawn.append(n)
        return outline_array([box(10, 10, 20, 20)] * n), [None] * n

    assert search(room, 40, draw, lambda outline, _: False, overlap_own=False) is None
    assert drawn == [BATCH, BATCH, 40 - 2 * BATCH]
    assert search(room, 1, draw, lambda outline, _: True, overlap_own=False) == (box(10, 10, 20, 20), None)
    assert search(room, 100, draw, lambda outline, _: True, overlap_own=False) is None


def test_search_takes_no_invalid_outline(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout()
    crossed = Polygon([(10, 10), (20, 20), (20, 10), (10, 20)])
    found = search(
        Room(layout, make_site(layout)),
        5,
        lambda n: (outline_array([crossed] * n), [None] * n),
        lambda outline, _: True,
        overlap_own=False,
    )
    assert found is None


def test_pixels() -> None:
    assert drawn_size(box(1, 1, 4, 6)) == 15
    assert drawn_size(box(1.1, 1, 1.4, 60)) == 0
    assert drawn_size(box(1.4, 1, 1.6, 61)) == pytest.approx(12)  # draws 60
    assert differing_part(box(0, 0, 4, 4), box(2, 0, 6, 4)) == 1.0
    assert differing_part(box(0, 0, 4, 4), box(0.1, 0.1, 4.1, 4.1)) == 0.0
    assert differing_part(box(0.1, 0.1, 0.2, 0.2), box(0, 0, 4, 4)) == float("inf")


def test_a_site_is_prepared_but_stays_equal(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(10, 10, 20, 20))
    site = make_site(layout)
    before = shapely.to_wkb(site.allowed)
    Room(layout, site).free(outline_array([box(1, 1, 5, 5)]))
    assert shapely.to_wkb(site.allowed) == before
