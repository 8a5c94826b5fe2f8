"""Checks of what an event proposes, so that a fault of a plugin does not become a wrong label."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.events.base import Change, Proposal, Site
from changen_cli.events.geometry import outline_array
from changen_cli.events.room import Room
from changen_cli.scenes.layout import Footprint, Layout

_SLACK = 1e-6
"""How far short of the gap an outline may fall, pixels: what another way of computing distances may lose."""

_LARGEST_UID = np.iinfo(np.int32).max
"""Instance masks are int32."""


def check_proposal(proposal: object, layout: Layout, site: Site, count: int) -> str:
    """Checks a proposal against the contract of :meth:`changen_cli.events.base.Event.propose`.

    Args:
        proposal: What the event returned.
        layout: The layout that it was given.
        site: The site that it was given.
        count: Changes that it was asked for.

    Returns:
        The first thing that is wrong, in words; empty if nothing is.
    """
    if not isinstance(proposal, Proposal):
        return f"it returned {type(proposal).__name__}, not a Proposal"
    if not isinstance(proposal.changes, tuple) or not all(isinstance(c, Change) for c in proposal.changes):
        return "the changes of its proposal are not a tuple of Change"
    if not isinstance(proposal.reason, str):
        return f"the reason of its proposal is a {type(proposal.reason).__name__}, not text"
    if len(proposal.changes) > count:
        return f"it made {len(proposal.changes)} changes where {count} were asked for"
    present = {f.uid: f for f in layout.footprints}
    seen: set[int] = set()
    for change in proposal.changes:
        problem = _check_identity(change, layout, site, present, seen) or _check_outline(change.after)
        if problem:
            return problem
    return _check_places(proposal, layout, site)


def _check_identity(change: Change, layout: Layout, site: Site, present: dict[int, Footprint], seen: set[int]) -> str:
    """Checks which objects a change is about; adds its uid to ``seen``."""
    before, after = change.before, change.after
    if not all(f is None or isinstance(f, Footprint) for f in (before, after)):
        return "a change is not between footprints"
    if before is None and after is None:
        return "a change has no footprint before and none after"
    if before is not None:
        uid = before.uid
        if uid not in present or (before is not present[uid] and before != present[uid]):
            return f"footprint {uid} before a change is not in the layout"
        if uid in site.settled:
            return f"footprint {uid} has already changed in this step"
        if after is not None and after.uid != uid:
            return f"footprint {uid} became {after.uid}; what moves keeps its uid"
    elif after is not None:
        uid = after.uid
        if isinstance(uid, bool) or not isinstance(uid, int) or not layout.next_uid <= uid <= _LARGEST_UID:
            return f"a new footprint has uid {uid!r}; the next free one is {layout.next_uid}"
    if uid in seen:
        return f"footprint {uid} changes twice"
    seen.add(uid)
    return ""


def _check_outline(after: Footprint | None) -> str:
    """Checks that a footprint can be drawn."""
    if after is None:
        return ""
    if isinstance(after.category, bool) or not isinstance(after.category, int) or not 1 <= after.category <= 255:
        return f"footprint {after.uid} has category {after.category!r}; it must be a whole number from 1 to 255"
    if not isinstance(after.polygon, Polygon | MultiPolygon):
        return (
            f"the outline of footprint {after.uid} is a {type(after.polygon).__name__}, not a Polygon or MultiPolygon"
        )
    if not after.polygon.is_valid:
        return f"the outline of footprint {after.uid} is not valid: {shapely.is_valid_reason(after.polygon)}"
    if not after.polygon.area > 0:
        return f"the outline of footprint {after.uid} has no area"
    return ""


def _check_places(proposal: Proposal, layout: Layout, site: Site) -> str:
    """Checks that what was placed has room, also from what else this proposal placed."""
    placed = [(c.before, c.after) for c in proposal.changes if c.after is not None]
    if not placed:
        return ""
    room = Room(layout, site)
    for before, after in placed:
        if not room.free(outline_array([after.polygon]), [before], slack=_SLACK)[0]:
            x0, y0, x1, y1 = after.polygon.bounds
            return (
                f"footprint {after.uid} at x {x0:.1f}..{x1:.1f}, y {y0:.1f}..{y1:.1f} leaves the canvas or the "
                f"allowed ground, or comes within {site.gap:g} px of another footprint of this or the last state"
            )
        room.claim(after.polygon)
    return ""
