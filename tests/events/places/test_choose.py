from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from shapely import box

from changen_cli import plugins, rng
from changen_cli.errors import PluginError, UsageError
from changen_cli.events.base import Site
from changen_cli.events.create import Create
from changen_cli.events.places.aligned import Aligned
from changen_cli.events.places.base import Place
from changen_cli.events.places.choose import read_places
from changen_cli.events.places.density import Density
from changen_cli.events.places.roads import Roads
from changen_cli.events.schedule import make_schedule
from changen_cli.scenes.layout import Footprint, Layout

MakeSite = Callable[..., Site]


def test_rules_are_read_with_their_parameters() -> None:
    assert read_places("aligned") == (Aligned(),)
    assert read_places(" roads(classes=2:5, distance=4:40) + density(reach=12)") == (
        Roads(classes=(2, 5), distance=(4.0, 40.0)),
        Density(reach=12.0),
    )


def test_ours_are_plugins() -> None:
    assert {"aligned", "density", "roads"} <= set(plugins.find(plugins.PLACES))
    assert all(isinstance(rule, Place) for rule in read_places("aligned+density+roads"))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", UsageError, "rules for places are names joined by \\+"),
        ("aligned,roads", UsageError, "names joined by \\+"),
        ("roads(distance=4:40", UsageError, "names joined by \\+"),
        ("roads+roads(distance=1:2)", UsageError, "'roads' is named twice"),
        ("roads(width=3)", UsageError, "place 'roads' has no parameter 'width'; it has: classes, distance"),
        ("roads(distance=9:1)", UsageError, "roads.distance=9:1"),
        ("castles", PluginError, "unknown place 'castles'; installed: aligned, density, roads"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_places(text)
    with pytest.raises(error, match=message):
        make_schedule("create", "1:2", [f"create.places={text}"])


def test_new_buildings_keep_all_rules(town: Layout, make_site: MakeSite) -> None:
    road = Footprint(99, box(0, 120, 256, 126), 2)
    clear = tuple(f for f in town.footprints if not f.polygon.intersects(road.polygon))
    layout = replace(town, footprints=(*clear, road), next_uid=100)
    site = make_site(layout)
    event = Create(places="roads(distance=3:20)+aligned", scale=(0.3, 0.4), attempts=2000)
    proposal = event.propose(layout, site, rng.generator(1), 4)
    assert len(proposal.changes) == 4, proposal.reason
    for change in proposal.changes:
        assert change.after is not None
        assert 3 <= change.after.polygon.distance(road.polygon) <= 20
    few = replace(event, attempts=1).propose(layout, site, rng.generator(2), 4)
    assert "at places as roads(distance=3:20)+aligned has them, in 1 attempts" in few.reason


def test_without_what_a_rule_needs_nothing_is_placed(town: Layout, make_site: MakeSite) -> None:
    proposal = Create(places="roads").propose(town, make_site(town), rng.generator(1), 2)
    assert (proposal.changes, proposal.reason) == ((), "the rule roads finds no footprint of class 2 here")


def test_without_rules_nothing_is_drawn_for_them_or_recorded(town: Layout, make_site: MakeSite) -> None:
    assert "places" not in make_schedule("create").as_manifest()["events"][0]["parameters"]
    told = make_schedule("create", "1:2", ["create.places=aligned"]).as_manifest()["events"][0]["parameters"]
    assert told["places"] == "aligned"
