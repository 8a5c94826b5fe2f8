"""How results read: lines of a table and bars of a chart, as a metric declares them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table.

    Attributes:
        title: What it is; two spaces before it put it below the line before.
        value: The number, or "absent".
        better: "lower", "higher" or "" where neither is.
        detail: What it is taken over and what to compare it with; for an absent metric the reason.
    """

    title: str
    value: str
    better: str
    detail: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart.

    Attributes:
        title: Stands before it.
        value: 0..1; None draws nothing.
        behind: What to compare it with, 0..1, drawn in grey behind it; None where there is nothing.
    """

    title: str
    value: float | None
    behind: float | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars from 0 to 1.

    Attributes:
        title: Stands above it.
        bars: From top to bottom.
        numbers: Whether the values stand beside them.
    """

    title: str
    bars: tuple[Bar, ...]
    numbers: bool = True


def number(value: float | None, digits: int = 3) -> str:
    """Writes a number; None is a dash."""
    return "-" if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Writes a share; None is a dash."""
    return "-" if value is None else f"{value:.1%}"
