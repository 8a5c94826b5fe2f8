"""Which kinds of change a synthesizer can show, and the one place where the others are refused."""

from __future__ import annotations

from collections.abc import Iterable

from changen_cli.errors import UsageError
from changen_cli.events.base import Change

CREATE = "create"
REMOVE = "remove"
ALTER = "alter"
"""An object that is there before and after, in another shape or place."""

EVERYTHING = frozenset({CREATE, REMOVE, ALTER})

_WORDS = {CREATE: "created", REMOVE: "removed", ALTER: "altered"}


def kind_of(change: Change) -> str:
    """Tells which kind a change is of: :data:`CREATE`, :data:`REMOVE` or :data:`ALTER`."""
    if change.before is None:
        return CREATE
    return REMOVE if change.after is None else ALTER


def shown_by(plugin: object) -> frozenset[str]:
    """Returns the kinds of change that a synthesizer (or its class) can show; all of them where it does not say."""
    return frozenset(getattr(plugin, "shows", EVERYTHING))


def require_events(name: str, shows: frozenset[str], events: Iterable[tuple[str, object]]) -> None:
    """Refuses a run before it starts.

    Args:
        name: Name of the synthesizer.
        shows: Kinds of change that it can show.
        events: Names of the events of the run, and the events. One that does not tell its ``kinds`` passes; what it
            does is looked at change by change (:func:`require_changes`).

    Raises:
        UsageError: If an event makes changes of another kind.
    """
    others = [event for event, plugin in events if not frozenset(getattr(plugin, "kinds", shows)) <= shows]
    if others:
        known = sorted(shows)
        raise UsageError(
            f"--synthesizer {name}: shows only the event{'s' if len(known) > 1 else ''} "
            f"{', '.join(map(repr, known))}, not {', '.join(map(repr, others))}; use --events {','.join(known)}, or "
            "another synthesizer"
        )


def require_classes(synthesizer: object, events: Iterable[tuple[str, object]]) -> None:
    """Refuses a run before it starts whose events change objects of a class that the network does not know.

    Args:
        synthesizer: A synthesizer; one without ``classes`` knows them all.
        events: Names of the events of the run, and the events. One that does not tell its ``categories`` passes.

    Raises:
        UsageError: If an event changes a class that the network was not trained for.
    """
    classes = getattr(synthesizer, "classes", None)
    if classes is None:
        return
    name = getattr(getattr(synthesizer, "card", None), "name", "of the synthesizer")
    for event, plugin in events:
        categories: frozenset[int] = getattr(plugin, "categories", frozenset())
        if categories and max(categories) >= classes:
            raise unknown_class(max(categories), name, classes, f"the event {event!r} changes objects")


def unknown_class(category: int, weights: str, classes: int, what: str) -> UsageError:
    """Makes the error of an object that a network cannot paint.

    Args:
        category: Class of the object.
        weights: Name of the weights.
        classes: Classes that they know, background included.
        what: What is wrong: "an object changes".
    """
    known = "class 1" if classes == 2 else f"classes 1 to {classes - 1}"
    return UsageError(
        f"{what} of class {category}, but the weights {weights!r} know {known} alone: objects of other classes stay, "
        "and are ground to them; let the events change no others (--event-option create.category, remove.classes), use "
        f"weights trained for {category + 1} classes (changen train, generator: classes), or --synthesizer copy-paste "
        "or inpainting, which need none"
    )


def require_changes(name: str, shows: frozenset[str], changes: Iterable[Change]) -> None:
    """Refuses changes that a synthesizer cannot show, whatever the event that made them is called.

    Args:
        name: Name of the synthesizer.
        shows: Kinds of change that it can show.
        changes: Changes of one step.

    Raises:
        UsageError: For the first change of another kind.
    """
    if shows == EVERYTHING:
        return
    for change in changes:
        if kind_of(change) not in shows:
            known = sorted(shows)
            raise UsageError(
                f"--synthesizer {name}: shows only {' and '.join(_WORDS[kind] for kind in known)} objects, but the "
                f"event {change.event!r} changed one in another way; use --events {','.join(known)}, or another "
                "synthesizer"
            )
