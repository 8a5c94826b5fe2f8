from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from shapely import LineString, box
from shapely.geometry import Polygon

from changen_cli.events.base import Change, Proposal, Site
from changen_cli.events.checking import check_proposal
from changen_cli.scenes.layout import Footprint, Layout

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]

OLD = Footprint(1, box(10, 10, 20, 20))
OTHER = Footprint(2, box(30, 10, 40, 20))
SETTLED = Footprint(3, box(50, 50, 60, 60))
FREE = box(30, 30, 40, 40)


def made(before: Footprint | None, after: Footprint | None) -> Change:
    return Change("any", 0, before, after)


@pytest.fixture
def layout() -> Layout:
    return Layout(64, 64, (OLD, OTHER, SETTLED), next_uid=10)


@pytest.fixture
def site(layout: Layout, make_site: MakeSite) -> Site:
    return make_site(layout, box(0, 0, 64, 62), settled=frozenset({3}))


@pytest.mark.parametrize(
    "changes",
    [
        (),
        (made(OLD, None),),
        (made(None, Footprint(10, FREE)),),
        (made(None, Footprint(12, FREE, 255)), made(OLD, None)),
        (made(OLD, replace(OLD, polygon=FREE)),),
        (made(OLD, replace(OLD, polygon=box(9, 9, 21, 21))),),
        (made(replace(OLD), None),),  # equal, if not the same object
        (made(None, Footprint(10, box(21, 10, 29, 20))),),  # exactly at the gap
    ],
)
def test_what_keeps_the_contract_passes(layout: Layout, site: Site, changes: tuple[Change, ...]) -> None:
    assert check_proposal(Proposal(changes), layout, site, 2) == ""


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ((made(OLD, None), made(OTHER, None), made(None, Footprint(10, FREE))), "3 changes where 2 were asked for"),
        ((made(None, None),), "no footprint before and none after"),
        ((made(None, FREE),), "not between footprints"),  # type: ignore[arg-type]
        ((made(Footprint(7, FREE), None),), "footprint 7 before a change is not in the layout"),
        ((made(replace(OLD, polygon=FREE), None),), "not in the layout"),
        ((made(SETTLED, None),), "footprint 3 has already changed in this step"),
        ((made(OLD, replace(OLD, uid=10, polygon=FREE)),), "footprint 1 became 10"),
        ((made(OLD, None), made(OLD, replace(OLD, polygon=FREE))), "footprint 1 changes twice"),
        ((made(None, Footprint(9, FREE)),), "uid 9; the next free one is 10"),
        ((made(None, Footprint(2**31, FREE)),), "uid 2147483648"),
        ((made(None, Footprint(10.0, FREE)),), "uid 10.0"),  # type: ignore[arg-type]
        ((made(None, Footprint(10, FREE)), made(None, Footprint(10, box(2, 40, 8, 48)))), "footprint 10 changes twice"),
        ((made(None, Footprint(10, FREE, 0)),), "category 0"),
        ((made(None, Footprint(10, FREE, 256)),), "category 256"),
        ((made(None, Footprint(10, LineString([(30, 30), (40, 40)]))),), "is a LineString"),  # type: ignore[arg-type]
        ((made(None, Footprint(10, Polygon())),), "has no area"),
        ((made(None, Footprint(10, Polygon([(30, 30), (40, 40), (40, 30), (30, 40)]))),), "is not valid"),
        ((made(None, Footprint(10, box(-5, 30, 5, 40))),), "leaves the canvas"),
        ((made(None, Footprint(10, box(30, 55, 40, 63))),), "leaves the canvas or the allowed ground"),
        ((made(None, Footprint(10, box(20.5, 10, 29, 20))),), "within 1 px of another"),
        ((made(OLD, replace(OLD, polygon=box(12, 10, 32, 20))),), "within 1 px of another"),
        ((made(None, Footprint(10, FREE)), made(None, Footprint(11, box(40.5, 30, 45, 40)))), "footprint 11 at x 40.5"),
    ],
)
def test_what_breaks_the_contract_is_named(
    layout: Layout, site: Site, changes: tuple[Change, ...], problem: str
) -> None:
    assert problem in check_proposal(Proposal(changes), layout, site, 2)


def test_the_ground_of_what_this_step_removed_is_taken(layout: Layout, site: Site) -> None:
    proposal = Proposal((made(None, Footprint(10, box(12, 12, 18, 18))),))
    assert "last state" in check_proposal(proposal, layout.without([1]), site, 1)


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        (None, "returned NoneType"),
        ([], "returned list"),
        (Proposal([made(OLD, None)]), "not a tuple of Change"),  # type: ignore[arg-type]
        (Proposal(("gone",)), "not a tuple of Change"),  # type: ignore[arg-type]
        (Proposal((), None), "reason of its proposal is a NoneType"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_proposal_is_named(layout: Layout, site: Site, returned: object, problem: str) -> None:
    assert problem in check_proposal(returned, layout, site, 1)
