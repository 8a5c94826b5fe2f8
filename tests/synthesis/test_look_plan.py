"""Whose look an object takes is decided by what it is, never by when or beside whom it is made."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import box

from changen_cli.events.base import Change, History
from changen_cli.models.look_kinds import BORROWED, DRAWN, OWN
from changen_cli.models.series_looks import SeriesLooks
from changen_cli.scenes.layout import Footprint, Layout
from changen_cli.synthesis.look_plan import REPAINT, LookPlan, NewLooks, choose_repaint, choose_weights, plan_looks
from changen_cli.types import Int32Array

KEY = (7, "scene", "tile", 0)


def house(uid: int, x: float, y: float = 2) -> Footprint:
    return Footprint(uid, box(x, y, x + 6, y + 6), 1)


def history(created: int = 40) -> History:
    """Houses 3 and 12 stand; 12 goes; ``created`` new ones come, one a step."""
    first = Layout(400, 32, (house(3, 2), house(12, 12)))
    layouts, changes = [first], []
    for step in range(1, created + 1):
        new = house(100 + step, 9 * step, 14)
        kept = tuple(f for f in layouts[-1].footprints if f.uid != 12)
        layouts.append(Layout(400, 32, (*kept, new)))
        changes.append((Change("create", step, None, new),))
    return History(tuple(layouts), tuple(changes))


def drawn(past: History) -> Int32Array:
    return np.stack([layout.rasterize()[1] for layout in past.layouts])


def plan(new: NewLooks = "mixed", created: int = 40, dim: int = 5, key: tuple[int | str, ...] = KEY) -> LookPlan:
    past = history(created)
    return plan_looks(past.standing, drawn(past), dim, new, key)


def test_regions_are_numbered_by_uid_and_stay() -> None:
    past, made = history(), plan()
    assert made.uids.tolist() == [0, 3, 12, *range(101, 141)]
    assert np.array_equal(made.uids[made.regions], drawn(past))
    assert made.regions.dtype == np.int32


def test_what_stands_has_its_own_look() -> None:
    for new in ("drawn", "borrowed", "mixed"):
        assert plan(new).kinds[:3].tolist() == [OWN] * 3


@pytest.mark.parametrize(("new", "least", "most"), [("drawn", 0, 0), ("borrowed", 40, 40), ("mixed", 10, 30)])
def test_new_objects_borrow_or_not(new: NewLooks, least: int, most: int) -> None:
    made = plan(new)
    assert least <= (made.kinds[3:] == BORROWED).sum() <= most
    assert set(made.kinds[3:].tolist()) <= {BORROWED, DRAWN}
    assert made.lent.dtype == np.float32
    assert 0 <= made.lent.min() < 0.2
    assert 0.8 < made.lent.max() <= 1


def test_draws_of_an_object_are_keyed_by_its_uid() -> None:
    long, short, other = plan(), plan(created=2), plan(key=(7, "scene", "tile", 1))
    assert np.array_equal(long.normal[:5], short.normal[:5])
    assert np.array_equal(long.pick[:5], short.pick[:5])
    assert np.array_equal(long.lent[:5], short.lent[:5])
    assert np.array_equal(long.kinds[:5], short.kinds[:5])
    assert np.array_equal(long.keys[:2], short.keys)
    assert np.array_equal(long.ground_normal[:2], short.ground_normal)
    assert not np.array_equal(long.normal, other.normal)
    assert len(set(long.keys.tolist())) == len(long.keys)
    assert long.normal.shape == (43, 5)
    assert long.normal.std() == pytest.approx(1, abs=0.15)


def test_objects_that_stay_are_repainted_as_often_as_wanted() -> None:
    past = history()
    assert plan().repaints is None
    half = plan_looks(past.standing, drawn(past), 5, "mixed", KEY, repaint=0.5).repaints
    every = plan_looks(past.standing, drawn(past), 5, "mixed", KEY, repaint=1.0).repaints
    assert half is not None
    assert every is not None
    assert every.where.shape == (43, 40)
    assert not every.where[0].any()  # the ground drifts
    assert every.where[1].all()  # house 3 stands at every date
    assert not every.where[2].any()  # house 12 goes
    assert every.where[3].tolist() == [False, *[True] * 39]  # the first that comes; at that step it has its first look
    share = half.where.sum() / every.where.sum()
    assert share == pytest.approx(0.5, abs=0.06)
    assert not (half.where & ~every.where).any()
    assert np.array_equal(half.normal, every.normal)  # what an object would become does not depend on who does
    assert len(np.unique(every.normal[1], axis=0)) == 40


def test_repaints_are_for_looks_that_are_not_kept() -> None:
    assert choose_repaint(None, "synthesize", 4) == REPAINT
    assert choose_repaint(0.3, "synthesize", 4) == 0.3
    assert choose_repaint(0.3, "synthesize", 0) == 0
    assert choose_repaint(None, "keep", 4) == 0


def test_looks_of_an_earlier_series_are_taken_by_uid() -> None:
    """House 3 and the first new one were there."""
    past = history()
    uids = np.array([3, 101, 999], np.int32)
    codes = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
    earlier = SeriesLooks(uids, codes, np.array([[7, 8], [9, 9]], np.float32))
    made = plan_looks(past.standing, drawn(past), 2, "borrowed", KEY, earlier)
    assert made.given is not None
    assert made.given.dtype == np.float32
    assert made.given[0].tolist() == [7, 8]
    assert made.given[1].tolist() == [1, 2]
    assert np.isnan(made.given[2]).all()
    assert made.given[3].tolist() == [3, 4]
    assert np.isnan(made.given[4:]).all()
    assert plan().given is None


def test_weights_with_looks_are_taken_where_looks_are_asked_for() -> None:
    assert choose_weights(None, "changen", looks=False) is None  # the plugin's default
    assert choose_weights(None, "changen", looks=True) == "compact"
    assert choose_weights("mine", "changen", looks=True) == "mine"
    assert choose_weights(None, "oasis", looks=True) is None
