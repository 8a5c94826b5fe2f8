"""For synthesizers that can only show some events: refusing the others, and the ground that removed objects leave."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor
from torch.nn import functional as F

from changen_cli.errors import UsageError
from changen_cli.events.base import Change

REACH = 4
"""Pixels around a removed footprint that are filled too: eaves, and the shadow at the foot of the wall."""


def require_events(name: str, asked: Iterable[str], supported: str) -> None:
    """Refuses a run before it starts.

    Args:
        name: Name of the synthesizer.
        asked: Names of the events of the run.
        supported: The one event that the synthesizer can show.

    Raises:
        UsageError: If another is asked for.
    """
    others = [event for event in asked if event != supported]
    if others:
        raise UsageError(
            f"--synthesizer {name}: shows only the event {supported!r}, not {', '.join(map(repr, others))}; use "
            f"--events {supported}, or another synthesizer"
        )


def require_changes(name: str, changes: Iterable[Change], *, creates: bool) -> None:
    """Refuses changes that a synthesizer cannot show, whatever the event that made them is called.

    Args:
        name: Name of the synthesizer.
        changes: Changes of one step.
        creates: True where it shows only new objects, False where it shows only removed ones.

    Raises:
        UsageError: For the first change of another kind.
    """
    for change in changes:
        if (change.before is not None) if creates else (change.after is not None):
            kind, event = ("created", "create") if creates else ("removed", "remove")
            raise UsageError(
                f"--synthesizer {name}: shows only {kind} objects, but the event {change.event!r} changed one in "
                f"another way; use --events {event}, or another synthesizer"
            )


def removed_ground(before: Tensor, after: Tensor) -> Tensor:
    """Finds the pixels to fill where objects were removed.

    Args:
        before: S_t, uint8 [B, H, W].
        after: S_t+1, uint8 [B, H, W].

    Returns:
        bool [B, H, W]: up to :data:`REACH` pixels (along rows, columns or diagonals) from where an object was that is
        gone, but nothing of the objects that are there now.
    """
    gone = ((before > 0) & (after == 0)).unsqueeze(1)
    near = F.max_pool2d(gone.float(), 2 * REACH + 1, 1, REACH) > 0
    hole: Tensor = near.squeeze(1) & (after == 0)
    return hole
