from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import shapely

from changen_cli import plugins
from changen_cli.errors import UsageError
from changen_cli.events.base import Change
from changen_cli.events.schedule import make_schedule
from changen_cli.scenes.layout import Footprint
from changen_cli.synthesis.showing import (
    EVERYTHING,
    kind_of,
    require_changes,
    require_classes,
    require_events,
    shown_by,
)

HERE, THERE = Footprint(1, shapely.box(1, 1, 5, 5)), Footprint(1, shapely.box(8, 1, 12, 5))
CHANGES = {
    "create": Change("flood", 1, None, HERE),
    "remove": Change("flood", 1, HERE, None),
    "alter": Change("flood", 1, HERE, THERE),
}
SHOWS = {"copy-paste": {"create"}, "deepfill": {"remove"}, "inpainting": {"remove"}}
OURS = {"create": "create", "remove": "remove", "scale": "alter", "rotate": "alter", "relocate": "alter"}


def ours(*names: str) -> list[tuple[str, Any]]:
    return [(name, plugins.load(plugins.EVENTS, name)()) for name in names]


@pytest.mark.parametrize("kind", CHANGES)
def test_the_kind_of_a_change_is_in_its_footprints(kind: str) -> None:
    assert kind_of(CHANGES[kind]) == kind


@pytest.mark.parametrize("name", plugins.find(plugins.SYNTHESIZERS))
def test_what_ours_show(name: str) -> None:
    assert shown_by(plugins.load(plugins.SYNTHESIZERS, name)) == SHOWS.get(name, EVERYTHING)


def test_what_does_not_say_shows_everything() -> None:
    assert shown_by(lambda settings: None) == EVERYTHING
    assert shown_by(SimpleNamespace(shows={"create"})) == {"create"}


def test_our_events_tell_what_they_make() -> None:
    assert {name: set(event.kinds) for name, event in ours(*OURS)} == {name: {kind} for name, kind in OURS.items()}


@pytest.mark.parametrize(
    ("shows", "events", "message"),
    [
        ({"create"}, ["create", "remove", "scale"], "x: shows only the event 'create', not 'remove', 'scale'"),
        ({"remove"}, ["create", "remove"], "shows only the event 'remove', not 'create'; use --events remove, or"),
        ({"create", "remove"}, ["rotate"], "shows only the events 'create', 'remove', not 'rotate'; use --events cr"),
    ],
)
def test_events_are_refused_before_the_run(shows: set[str], events: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        require_events("x", frozenset(shows), ours(*events))


def test_events_that_can_be_shown_pass() -> None:
    require_events("x", EVERYTHING, ours(*OURS))
    require_events("x", frozenset({"remove"}), ours("remove"))
    with pytest.raises(UsageError, match="not 'quake'"):
        require_events("x", frozenset({"remove"}), [("quake", SimpleNamespace(kinds=frozenset({"remove", "alter"})))])


def test_an_event_that_does_not_tell_is_seen_by_its_changes() -> None:
    shows = frozenset({"remove"})
    require_events("x", shows, [("flood", object())])
    require_changes("x", shows, [CHANGES["remove"]])
    for kind in ("create", "alter"):
        with pytest.raises(UsageError, match="x: shows only removed objects, but the event 'flood' changed one in"):
            require_changes("x", shows, [CHANGES["remove"], CHANGES[kind]])


@pytest.mark.parametrize("kind", CHANGES)
def test_what_shows_everything_takes_every_change(kind: str) -> None:
    require_changes("x", EVERYTHING, [CHANGES[kind]])


@pytest.mark.parametrize(
    ("parameters", "event", "category"),
    [({"create": {"category": 2}}, "create", 2), ({"remove": {"classes": (1, 4)}}, "remove", 4)],
)
def test_a_run_that_changes_an_unknown_class_is_refused(
    parameters: dict[str, dict[str, Any]], event: str, category: int
) -> None:
    schedule = make_schedule("create,remove", "1:2", parameters)
    events = [(name, plugin) for name, plugin, _ in schedule.events]
    one_class = SimpleNamespace(classes=2, card=SimpleNamespace(name="compact"))
    with pytest.raises(UsageError, match=f"event '{event}' changes objects of class {category}, but .*'compact' know"):
        require_classes(one_class, events)
    require_classes(SimpleNamespace(classes=category + 1), events)
    require_classes(SimpleNamespace(classes=None), events)
    require_classes(SimpleNamespace(), events)
    require_classes(one_class, [("flood", object())])  # looked at change by change
