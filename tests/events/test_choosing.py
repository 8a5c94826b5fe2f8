from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from shapely import box

from changen_cli import rng
from changen_cli.errors import UsageError
from changen_cli.events.base import Site
from changen_cli.events.choosing import chosen, name_classes
from changen_cli.events.create import Create
from changen_cli.events.relocate import Relocate
from changen_cli.events.remove import Remove
from changen_cli.events.rotate import Rotate
from changen_cli.events.scale import Scale
from changen_cli.events.schedule import EVENT, make_schedule
from changen_cli.scenes.layout import Layout

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]
EVENTS: list[Any] = [Remove, Scale, Rotate, Relocate]


@pytest.fixture
def mixed(make_layout: MakeLayout) -> Layout:
    """A building, a lake and a road, whole and with room around."""
    layout = make_layout(box(10, 10, 18, 20), box(40, 10, 52, 26), box(10, 44, 40, 50))
    return replace(
        layout, footprints=tuple(replace(f, category=c) for f, c in zip(layout.footprints, (1, 2, 3), strict=True))
    )


@pytest.mark.parametrize("event", EVENTS)
def test_buildings_alone_change_unless_told(event: Any, mixed: Layout, make_site: MakeSite) -> None:
    proposal = event().propose(mixed, make_site(mixed), rng.generator(1), 3)
    assert [c.before.category for c in proposal.changes] == [1]
    assert "no more footprints" in proposal.reason
    assert event().categories == {1}


@pytest.mark.parametrize("event", EVENTS)
def test_the_classes_that_are_asked_for_change(event: Any, mixed: Layout, make_site: MakeSite) -> None:
    proposal = event(classes=(2, 3)).propose(mixed, make_site(mixed), rng.generator(1), 3)
    assert sorted(c.before.category for c in proposal.changes) == [2, 3]
    assert all(c.after is None or c.after.category == c.before.category for c in proposal.changes)
    assert "footprints of class 2 or 3" in proposal.reason
    assert event(classes=(2, 3)).categories == {2, 3}


def test_new_objects_take_outlines_of_their_class(mixed: Layout, make_site: MakeSite) -> None:
    site = replace(make_site(mixed, outlines=(box(-2, -2, 2, 2), box(-4, -4, 4, 4))), classes=(1, 2))
    for category, least, most in ((1, 10, 26), (2, 40, 101)):
        proposal = Create(category=category).propose(mixed, site, rng.generator(1), 3)
        assert len(proposal.changes) == 3
        for change in proposal.changes:
            assert change.after is not None
            assert change.after.category == category
            assert least < change.after.polygon.area < most
        assert Create(category=category).categories == {category}
    proposal = Create(category=3).propose(mixed, site, rng.generator(1), 3)
    assert (proposal.changes, proposal.reason.partition(" and no ")[0]) == (
        (),
        "no outlines to create from: the scene has no whole footprint of class 3",
    )


def test_classes_are_written_as_numbers() -> None:
    ((_, event, _),) = make_schedule("remove", "1:2", ["remove.classes=1:3"]).events
    assert isinstance(event, Remove)
    assert event.classes == (1, 3)
    with pytest.raises(UsageError, match=r"remove\.classes=0: must be class numbers from 1 to 255, as in 1:3"):
        make_schedule("remove", "1:2", ["remove.classes=0"])


def test_what_nobody_asked_for_is_not_recorded() -> None:
    plain = make_schedule("remove").as_manifest()["events"][0]["parameters"]
    assert plain == {"min_area": 4.0}
    told = make_schedule("remove", "1:2", ["remove.classes=2"]).as_manifest()["events"][0]["parameters"]
    assert told == {"min_area": 4.0, "classes": [2]}
    assert EVENT.make("remove", told) == Remove(classes=(2,))


def test_names_of_classes() -> None:
    assert chosen(None) == {1}
    assert name_classes(frozenset({1})) == ""
    assert name_classes(frozenset({3, 1})) == " of class 1 or 3"
