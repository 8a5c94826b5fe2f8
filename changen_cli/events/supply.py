"""The outlines that new objects may take, with what is known of them, made once for all tiles of a scene."""

from __future__ import annotations

from functools import cached_property

import shapely

from changen_cli.events.geometry import Floats, Outline, Outlines, main_directions, outline_array
from changen_cli.scenes.layout import BUILDING


class Supply:
    """Outlines that new objects may take.

    Attributes:
        given: As a site has them.
        classes: Of each, as a site has them.
        category: The class of the objects that are to take them.
        outlines: Those that are not empty, [n].
    """

    def __init__(self, given: tuple[Outline, ...], classes: tuple[int, ...] = (), category: int = BUILDING) -> None:
        """Takes outlines.

        Args:
            given: Each centred on (0, 0).
            classes: Class of each; empty where they are for any.
            category: The class that is wanted.
        """
        self.given, self.classes, self.category = given, classes, category
        fitting = [one for one, number in zip(given, classes, strict=True) if number == category] if classes else given
        outlines = outline_array(fitting)
        self.outlines: Outlines = outlines[~shapely.is_empty(outlines)]

    @cached_property
    def directions(self) -> Floats:
        """The direction of the walls of each outline, degrees, float64 [n]."""
        return main_directions(self.outlines)


_last: Supply | None = None
"""What was asked for last: all tiles of a scene have the same outlines."""


def supply(given: tuple[Outline, ...], classes: tuple[int, ...] = (), category: int = BUILDING) -> Supply:
    """Returns the supply of some outlines: that of the last call where they are the same; see :class:`Supply`."""
    global _last
    last = _last
    if last is None or last.given is not given or (last.classes, last.category) != (classes, category):
        _last = last = Supply(given, classes, category)
    return last
