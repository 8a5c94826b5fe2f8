from __future__ import annotations

from collections.abc import Callable

import pytest
from shapely import box

from changen_cli import rng
from changen_cli.errors import UsageError
from changen_cli.events.base import Site
from changen_cli.events.remove import Remove
from changen_cli.scenes.layout import Layout

MakeLayout = Callable[..., Layout]
MakeSite = Callable[..., Site]


def test_removes_as_many_as_asked_no_one_twice(town: Layout, make_site: MakeSite) -> None:
    proposal = Remove().propose(town, make_site(town), rng.generator(1), 7)
    assert proposal.reason == ""
    assert all(c.after is None and c.before in town.footprints for c in proposal.changes)
    assert len({c.before.uid for c in proposal.changes if c.before}) == 7


def test_every_footprint_is_as_likely(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(*(box(10 * i + 1, 5, 10 * i + 8, 12) for i in range(5)))
    site = make_site(layout)
    counts = dict.fromkeys(range(1, 6), 0)
    for i in range(500):
        before = Remove().propose(layout, site, rng.generator(i), 1).changes[0].before
        assert before is not None
        counts[before.uid] += 1
    assert all(60 < n < 140 for n in counts.values())


def test_what_the_edge_cuts_may_go_too(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(box(0, 10, 8, 18))
    assert len(Remove().propose(layout, make_site(layout), rng.generator(1), 1).changes) == 1


def test_settled_footprints_specks_and_hidden_ones_stay(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout(
        box(10, 10, 20, 20),
        box(30, 30, 31, 32),  # a speck
        box(40, 40, 50, 50),
        box(40, 40, 50, 50),  # its twin
    )
    site = make_site(layout, settled=frozenset({1}))
    proposal = Remove().propose(layout, site, rng.generator(1), 2)
    assert proposal.changes == ()
    assert "no more footprints of 4 px or more" in proposal.reason
    assert len(Remove(min_area=2.0).propose(layout, site, rng.generator(1), 2).changes) == 1


def test_an_empty_tile_gives_a_reason(make_layout: MakeLayout, make_site: MakeSite) -> None:
    layout = make_layout()
    proposal = Remove().propose(layout, make_site(layout), rng.generator(1), 1)
    assert proposal.changes == ()
    assert proposal.reason


def test_parameters_are_checked() -> None:
    with pytest.raises(UsageError, match="min_area 0: must be a number of at least 1"):
        Remove(min_area=0)
