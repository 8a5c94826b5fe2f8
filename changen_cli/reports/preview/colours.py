"""Colours of events, by what they do: the paper's green for what is new, red for what is gone, others for the rest."""

from __future__ import annotations

from collections.abc import Iterable

from changen_cli.events.base import Change
from changen_cli.reports.pictures import CREATED, REMOVED

Colour = tuple[int, int, int]

NEW: tuple[Colour, ...] = (CREATED, (0, 150, 110), (160, 200, 60))
GONE: tuple[Colour, ...] = (REMOVED, (190, 60, 120), (200, 110, 60))
ALTERED: tuple[Colour, ...] = ((255, 176, 32), (80, 160, 255), (180, 120, 255), (0, 190, 200), (230, 120, 200))
"""Colours of events after which there is an object that was not, of those the other way round, and of all others."""

CLASSES: tuple[Colour, ...] = ((70, 150, 255), (255, 176, 32), (180, 120, 255), (0, 190, 200), (240, 130, 200))
"""Colours of the classes 1, 2 ... of masks, over again where there are more; none is that of a change."""


def event_colours(changes: Iterable[Change]) -> dict[str, Colour]:
    """Gives each event a colour by what its changes do; no name of an event is known here.

    Args:
        changes: Of all series that are shown.

    Returns:
        Colours by event, names in order. Events of one kind have different ones until they run out.
    """
    doing: dict[str, set[tuple[bool, bool]]] = {}
    for change in changes:
        doing.setdefault(change.event, set()).add((change.before is None, change.after is None))
    taken = {NEW: 0, GONE: 0, ALTERED: 0}
    found = {}
    for event in sorted(doing):
        kind = NEW if doing[event] == {(True, False)} else GONE if doing[event] == {(False, True)} else ALTERED
        found[event] = kind[taken[kind] % len(kind)]
        taken[kind] += 1
    return found


def as_css(colour: Colour) -> str:
    """Writes a colour as CSS does: ``#50dc64``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
