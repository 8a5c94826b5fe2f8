"""What a long job tells whoever started it: one protocol, for the command line, notebooks and tests alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        task: What is going on, a word or two: "generate", "train", "reference".
        done: Units done.
        total: Units in all.
        unit: What is counted: "series", "iterations".
        note: Throughput and what else fits one line.
        seconds_left: Seconds that the rest is expected to take; None where it is not known.
        values: The numbers behind the note, by name: losses of a training, counts of a run.
    """

    task: str
    done: int
    total: int
    unit: str = "items"
    note: str = ""
    seconds_left: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)


class Reporter(Protocol):
    """Whoever wants to know. All methods return at once; none may raise."""

    def progress(self, progress: Progress) -> None:
        """Takes how far the job is; called as often as there is news, so a view decides what it shows."""
        ...

    def say(self, line: str) -> None:
        """Takes one line that a user likes to know."""
        ...

    def warn(self, line: str) -> None:
        """Takes one line that a user must know, even one who wants quiet: something that could not be used."""
        ...


class Silent:
    """A :class:`Reporter` that shows nothing: the default of every job when it is called from Python."""

    def progress(self, progress: Progress) -> None:
        """Shows nothing."""

    def say(self, line: str) -> None:
        """Shows nothing."""

    def warn(self, line: str) -> None:
        """Shows nothing."""
