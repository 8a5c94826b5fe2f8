"""What should happen at every step: which events, how often, with which parameters.

The text forms are those of the command line: ``create=2,remove=1`` for the events and their weights, ``1:5`` for the
changes of a step, ``create.turn=45`` for a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from changen_cli import plugins
from changen_cli.errors import UsageError
from changen_cli.events.base import Event
from changen_cli.parameters.kind import Kind, describe_made

EVENT = Kind("event", plugins.EVENTS, Event, ("propose",), "create.turn=45", "events/base.py")
"""The kind of plugin that events are."""

MOST_WEIGHT = 1e9
"""Largest weight of an event; its inverse is the smallest."""


@dataclass(frozen=True)
class Schedule:
    """Events with their weights, and how many changes a step makes. Picklable: it goes to worker processes.

    Attributes:
        events: (name, plugin, weight) in the order in which a step applies them. The name is the entry point's; the
            weight is above 0, and only its ratio to the others counts.
        changes_per_step: Least and most changes of one step; each number between is as likely. The least may be 0.
    """

    events: tuple[tuple[str, Event, float], ...]
    changes_per_step: tuple[int, int] = (1, 5)

    def __post_init__(self) -> None:
        if not self.events:
            raise UsageError("no events: name at least one, for example create,remove")
        names = [name for name, _, _ in self.events]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise UsageError(f"event {twice[0]!r} is listed twice; list it once and give it a weight, {twice[0]}=2")
        for name, plugin, weight in self.events:
            _check_weight(name, weight)
            EVENT.require(name, plugin)
        low, high = self.changes_per_step
        if not (isinstance(low, int) and isinstance(high, int) and 0 <= low <= high and high >= 1):
            raise UsageError(
                f"changes per step {low}:{high}: must be whole numbers low:high, "
                "low at least 0, high at least 1 and not below low"
            )

    def as_manifest(self) -> dict[str, Any]:
        """Returns everything that decides what happens, fit for JSON and for comparing two runs."""
        return {
            "changes_per_step": list(self.changes_per_step),
            "events": [
                {**describe_made(name, plugin), "weight": float(weight)} for name, plugin, weight in self.events
            ],
        }


def parse_events(text: str) -> dict[str, float]:
    """Reads a list of events with weights.

    Args:
        text: For example "create=2,remove=1"; an event without a weight has weight 1.

    Returns:
        Weights by name, in the order of the text.

    Raises:
        UsageError: If the list is empty, names an event twice, or a weight is not a number above 0.
        PluginError: If no such event is installed; the message lists those that are.
    """
    given = EVENT.read_list(text, "weight")
    weights = {name: 1.0 if weight is None else weight for name, weight in given.items()}
    for name, weight in weights.items():
        _check_weight(name, weight)
    EVENT.require_installed(weights)
    return weights


def parse_range(text: str) -> tuple[int, int]:
    """Reads a range of whole numbers: "1:5" is (1, 5) and "3" is (3, 3).

    Raises:
        UsageError: If it is neither, or the first number is above the second, or below 0.
    """
    low_text, pair, high_text = text.partition(":")
    try:
        low = int(low_text)
        high = int(high_text) if pair else low
    except ValueError as error:
        raise UsageError(f"range {text!r}: must be two whole numbers low:high, for example 1:5, or one") from error
    if not 0 <= low <= high:
        raise UsageError(f"range {text!r}: must be low:high with low at least 0 and not above high")
    return low, high


def make_schedule(
    events: str | Mapping[str, float],
    changes_per_step: str | tuple[int, int] | list[int] = "1:5",
    parameters: Sequence[str] | Mapping[str, Mapping[str, Any]] = (),
) -> Schedule:
    """Loads event plugins and gives them their parameters.

    Args:
        events: As :func:`parse_events` reads it, or weights by name.
        changes_per_step: As :func:`parse_range` reads it, or the two numbers.
        parameters: As :meth:`~changen_cli.parameters.kind.Kind.read_parameters` reads them, or values by parameter by
            event; there a value may be text too, and a list stands for a tuple.

    Returns:
        The schedule.

    Raises:
        UsageError: If an argument cannot be used, or a parameter belongs to an event that is not among ``events``.
        PluginError: If an event is not installed, cannot be loaded or is not an event.
    """
    weights = parse_events(events) if isinstance(events, str) else dict(events)
    EVENT.require_installed(weights)
    values: Mapping[str, Mapping[str, Any]] = (
        parameters if isinstance(parameters, Mapping) else EVENT.read_parameters(parameters)
    )
    for event in values:
        if event not in weights:
            raise UsageError(
                f"parameters of {event!r} are given, but it is not among the events {', '.join(weights)}; "
                "add it or drop them"
            )
    made = tuple((name, EVENT.make(name, values.get(name, {})), weight) for name, weight in weights.items())
    return Schedule(made, _two_numbers(changes_per_step))


def _two_numbers(changes: str | tuple[int, int] | list[int]) -> tuple[int, int]:
    if isinstance(changes, str):
        return parse_range(changes)
    if isinstance(changes, tuple | list) and len(changes) == 2:
        return changes[0], changes[1]
    # YAML reads an unquoted 1:5 as 65, a number in base 60, so a single number is more likely a mistake
    raise UsageError(f'changes per step {changes!r}: must be two whole numbers; in YAML write "1:5" in quotes')


def _check_weight(name: str, weight: float) -> None:
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 1 / MOST_WEIGHT <= weight <= MOST_WEIGHT:
        raise UsageError(f"event {name}={weight}: its weight must be a number from 1e-9 to 1e9")
