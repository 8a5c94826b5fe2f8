from __future__ import annotations

from shapely.geometry import box

from changen_cli.events.base import Change, History
from changen_cli.scenes.layout import Footprint, Layout


def test_what_stands_at_each_date() -> None:
    stays, goes = Footprint(3, box(0, 0, 2, 2)), Footprint(7, box(4, 4, 6, 6))
    layouts = (Layout(8, 8, (stays, goes)), Layout(8, 8, (stays,)), Layout(8, 8))
    history = History(layouts, ((Change("remove", 1, goes, None),), (Change("remove", 2, stays, None),)))
    assert [set(uids) for uids in history.standing] == [{3, 7}, {3}, set()]
