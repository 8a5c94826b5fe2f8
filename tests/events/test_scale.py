from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from shapely import box

from changen_cli import rng
from changen_cli.errors import UsageError
from changen_cli.events.base import Change, Site
from changen_cli.events.scale import Scale
from changen_cli.scenes.layout import Layout
from changen_cli.types import AnyArray

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]


def ratios(changes: tuple[Change, ...]) -> AnyArray:
    """Ratios of lengths after to before."""
    return np.array([(c.after.polygon.area / c.before.polygon.area) ** 0.5 for c in changes if c.after and c.before])


def test_grows_and_shrinks_about_the_centroid(town: Layout, make_site: MakeSite) -> None:
    changes = Scale().propose(town, make_site(town), rng.generator(1), 12).changes
    assert len(changes) == 12
    found = ratios(changes)
    found = np.where(found < 1, 1 / found, found)
    assert (found > 1.19).all()
    assert (found < 1.81).all()
    for change in changes:
        assert change.before is not None
        assert change.after is not None
        assert change.before.polygon.centroid.distance(change.after.polygon.centroid) < 0.01
        assert change.after.uid == change.before.uid


@pytest.mark.parametrize(("grow", "grown"), [(0.0, 0), (1.0, 6)])
def test_grow_is_the_part_that_grows(town: Layout, make_site: MakeSite, grow: float, grown: int) -> None:
    found = ratios(Scale(grow=grow, factor=(1.2, 1.3)).propose(town, make_site(town), rng.generator(2), 6).changes)
    assert len(found) == 6
    assert (found > 1).sum() == grown


def test_what_grows_keeps_the_gap(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(10, 10, 20, 20), box(23, 10, 33, 20))
    event = Scale(grow=1.0, factor=(1.5, 1.5))
    proposal = event.propose(layout, make_site(layout), rng.generator(3), 1)
    assert proposal.changes == ()
    assert "room to grow" in proposal.reason
    assert len(event.propose(layout, make_site(layout, gap=0.4), rng.generator(3), 1).changes) == 1


def test_a_terraced_house_may_shrink_within_its_walls(make_layout: MakeLayout, make_site: MakeSite) -> None:
    terrace = make_layout(box(10, 10, 20, 20), box(20, 10, 30, 20), box(30, 10, 40, 20))
    assert len(Scale(grow=0.0).propose(terrace, make_site(terrace, gap=4.0), rng.generator(4), 3).changes) == 3


def test_what_would_not_show_is_no_change(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(10.1, 10.1, 14.9, 14.9))  # draws 5 x 5 px, and at 1.05 still does
    site = make_site(layout)
    assert Scale(grow=1.0, factor=(1.05, 1.05)).propose(layout, site, rng.generator(5), 1).changes == ()
    assert len(Scale(grow=1.0, factor=(1.5, 1.5)).propose(layout, site, rng.generator(5), 1).changes) == 1
    shrunk_to_9_px = Scale(grow=0.0, factor=(1.6, 1.6))
    proposal = shrunk_to_9_px.propose(layout, site, rng.generator(5), 1)
    assert proposal.changes == ()
    assert "keep 16 px" in proposal.reason


def test_what_the_edge_cuts_stays(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(0, 10, 20, 20))
    proposal = Scale().propose(layout, make_site(layout), rng.generator(6), 1)
    assert proposal.changes == ()
    assert "whole within the allowed ground" in proposal.reason


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"factor": (1.0, 1.5)}, "factor 1.0: .*from 1.05 to 10"),
        ({"grow": 1.5}, "grow 1.5: .*from 0 to 1"),
        ({"attempts": 2.5}, "attempts 2.5: must be a whole number"),
        ({"min_area": "x"}, "min_area x: "),
        ({"min_change": 0.0}, "min_change 0.0: "),
    ],
)
def test_parameters_are_checked(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Scale(**values)
