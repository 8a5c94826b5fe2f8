"""Options of the simulation, the same for generating and for training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from changen_cli import plugins
from changen_cli.events.schedule import Schedule, make_schedule
from changen_cli.options import Ge, Le, Number, Says, Whole, option, options, split

MOST_CHANGES = 100_000
"""Most changes of a step; a tile of 256 pixels has room for far fewer."""


def _twice(changes: Any) -> Any:
    return tuple(changes) * 2 if isinstance(changes, tuple | list) and len(changes) == 1 else changes


def _ordered(changes: tuple[int, int]) -> tuple[int, int]:
    low, high = changes
    if not 0 <= low <= high <= MOST_CHANGES or high < 1:
        raise ValueError("no range of changes")
    return changes


Changes = Annotated[
    tuple[Whole, Whole],
    AfterValidator(_ordered),
    BeforeValidator(_twice),
    split(":"),
    Says('low:high, two whole numbers with 0 <= low <= high and high from 1 to 100000; in YAML write "1:5" in quotes'),
]
"""Least and most changes of a step."""

Steps = Annotated[Whole, Ge(1), Le(10_000)]
"""Steps of a series."""

Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Says("a list of text"),
]
"""Several texts, or one."""


def _installed() -> Iterable[str]:
    return plugins.find(plugins.EVENTS)


@options("--", kw_only=True)
class ScheduleOptions:
    """Which events happen, how many, and how much room they keep.

    Attributes:
        events: Events with weights, "create=2,remove=1", or weights by name.
        changes_per_step: Least and most changes of a step, (1, 5) or "1:5".
        event_options: Parameters of events, ``EVENT.PARAMETER=VALUE``, or values by parameter by event.
        gap: Least distance between a placed footprint and any other, pixels.
    """

    events: str | Mapping[str, float] = option(
        default="create,remove",
        help="Events, with weights if you like: create=2,remove=1. See: changen events list.",
        group="Events",
        choices=_installed,
        recorded=False,
    )
    changes_per_step: Changes = option(
        default=(1, 5), help="Least and most changes of a step.", group="Events", recorded=False
    )
    event_options: Texts | Mapping[str, Mapping[str, Any]] = option(
        default=(),
        help="Parameter of an event, create.turn=45. Repeatable.",
        group="Events",
        name="event-option",
        recorded=False,
    )
    gap: Annotated[Number, Ge(0)] = option(
        default=2.0, help="Least distance of a placed footprint to others, pixels.", group="Events"
    )

    def schedule(self) -> Schedule:
        """Loads the events of every step.

        Raises:
            UsageError: If the events, their number or their parameters cannot be used.
            PluginError: If an event is not installed or cannot be loaded.
        """
        return make_schedule(self.events, self.changes_per_step, self.event_options)
