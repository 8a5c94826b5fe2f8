from __future__ import annotations

from shapely.geometry import box

from changen_cli.events.base import Change
from changen_cli.reports.pictures import CREATED, REMOVED
from changen_cli.reports.preview.colours import ALTERED, NEW, as_css, event_colours
from changen_cli.scenes.layout import Footprint

HERE = Footprint(1, box(0, 0, 4, 4))


def test_the_colour_of_an_event_is_that_of_what_it_does() -> None:
    changes = [
        Change("turn", 1, HERE, HERE),
        Change("build", 1, None, HERE),
        Change("burn", 1, HERE, None),
        Change("erect", 2, None, HERE),
        Change("replace", 1, None, HERE),
        Change("replace", 1, HERE, None),  # now new, now gone: neither
    ]
    assert event_colours(changes) == {
        "build": CREATED,
        "burn": REMOVED,
        "erect": NEW[1],
        "replace": ALTERED[0],
        "turn": ALTERED[1],
    }
    many = [Change(f"event{n}", 1, HERE, HERE) for n in range(len(ALTERED) + 1)]
    assert event_colours(many)[f"event{len(ALTERED)}"] == ALTERED[0]


def test_css() -> None:
    assert as_css((80, 220, 100)) == "#50dc64"
