"""The outlines that new objects may take, with what is known of them, made once for all tiles of a scene."""

from __future__ import annotations

from functools import cached_property

import shapely

from changen_cli.events.geometry import Floats, Outline, Outlines, main_directions, outline_array


class Supply:
    """Outlines that new objects may take.

    Attributes:
        given: As a site has them.
        outlines: Those that are not empty, [n].
    """

    def __init__(self, given: tuple[Outline, ...]) -> None:
        """Takes outlines.

        Args:
            given: Each centred on (0, 0).
        """
        self.given = given
        outlines = outline_array(given)
        self.outlines: Outlines = outlines[~shapely.is_empty(outlines)]

    @cached_property
    def directions(self) -> Floats:
        """The direction of the walls of each outline, degrees, float64 [n]."""
        return main_directions(self.outlines)


_last: Supply | None = None
"""What was asked for last: all tiles of a scene have the same outlines."""


def supply(given: tuple[Outline, ...]) -> Supply:
    """Returns the supply of some outlines: that of the last call where they are the same."""
    global _last
    last = _last
    if last is None or last.given is not given:
        _last = last = Supply(given)
    return last
