"""What an event is: a pure rule that turns a layout into the next one, P(S_t+1 | S_t).

An event plugin is a frozen dataclass. Its fields are its parameters, its docstring is what ``changen events list``
shows, and it has one method, :meth:`Event.propose`. It never draws from a global random state, never touches the disk,
and never loops for ever. If it is made by :func:`changen_cli.options.options`, the types of its fields have ranges, and
values are checked by them; a plain dataclass checks in ``__post_init__``, and gives help in
``field(metadata={"help": ...})``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from changen_cli.scenes.layout import Footprint, Layout


@dataclass(frozen=True, slots=True)
class Change:
    """One record of an event.

    Attributes:
        event: Name of the event.
        step: 1 for the change from S_0 to S_1; 0 until the simulator has set it.
        before: The footprint in S_t, None if it was created.
        after: The footprint in S_t+1, None if it was removed. An object that moves keeps its uid.
    """

    event: str
    step: int
    before: Footprint | None
    after: Footprint | None


@dataclass(frozen=True, slots=True)
class Site:
    """Where building is allowed, and with what.

    Attributes:
        allowed: Where a placed footprint must lie wholly, pixel coordinates: the valid pixels less the exclusions.
        gap: Least distance between a placed footprint and any other, pixels.
        outlines: Outlines that new objects may take, each centred on (0, 0), pixels; may be empty.
        classes: The class of each outline; empty where any object may take any of them.
        occupied: Footprints of S_t. Nothing is placed on them even where this step removed one: a new object on the
            ground of an old one would be a change that S_t xor S_t+1 cannot show.
        settled: uids that this step has already changed; an object changes at most once a step.
    """

    allowed: BaseGeometry
    gap: float = 1.0
    outlines: tuple[Polygon | MultiPolygon, ...] = ()
    classes: tuple[int, ...] = ()
    occupied: tuple[Footprint, ...] = ()
    settled: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an event did.

    Attributes:
        changes: At most as many as were asked for; empty if nothing could be done.
        reason: Why there are fewer than asked for, in words ("no room for a footprint of 84 px"); empty if not.
    """

    changes: tuple[Change, ...] = ()
    reason: str = ""


@runtime_checkable
class Event(Protocol):
    """The plugin protocol of the entry point group ``changen.events``.

    An event may also say, as the class attribute ``kinds``, which kinds of change it makes: a frozenset of "create",
    "remove" and "alter" (an object that is there before and after). A run whose synthesizer cannot show one of them is
    then refused before it starts, not at the first such change. And as ``categories``, a frozenset, which classes of
    objects it changes, which a synthesizer may not know.
    """

    name: ClassVar[str]

    def propose(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        """Proposes changes to a layout.

        Args:
            layout: The layout as it stands, S_t with what earlier events of the step did to it.
            site: Where building is allowed.
            rng: The only source of randomness, made for this call alone.
            count: Changes wanted, at least 1.

        Returns:
            The changes made, which must be consistent with the layout (``before`` is in it; ``after`` of a new object
            has uid ``layout.next_uid`` and up), and why there are fewer than ``count``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Shortfall:
    """An event that made fewer changes than it was to make.

    Attributes:
        step: 1 for the change from S_0 to S_1.
        event: Name of the event.
        wanted: Changes asked for.
        made: Changes made.
        reason: Why.
    """

    step: int
    event: str
    wanted: int
    made: int
    reason: str


@dataclass(frozen=True, slots=True)
class History:
    """S_0 ... S_n with the changes between.

    Attributes:
        layouts: n + 1 layouts.
        changes: n tuples of changes; ``changes[i]`` leads from ``layouts[i]`` to ``layouts[i + 1]``.
        shortfalls: What could not be done, and why.
    """

    layouts: tuple[Layout, ...]
    changes: tuple[tuple[Change, ...], ...]
    shortfalls: tuple[Shortfall, ...] = field(default=())

    @property
    def standing(self) -> tuple[frozenset[int], ...]:
        """The uids of the footprints of each layout, n + 1 sets."""
        return tuple(frozenset(footprint.uid for footprint in layout.footprints) for layout in self.layouts)
