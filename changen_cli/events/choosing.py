"""Which classes of objects an event changes: buildings alone unless it is told."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from changen_cli.options import Ge, Le, Says, Whole
from changen_cli.scenes.layout import BUILDING

ClassNumbers: TypeAlias = (
    Annotated[tuple[Annotated[Whole, Ge(1), Le(255)], ...], Says("class numbers from 1 to 255, as in 1:3")] | None
)
"""Numbers of classes; None for buildings alone."""

HELP = "Numbers of the classes that it changes, as in 1:3; none: buildings, class 1."


def chosen(classes: ClassNumbers) -> frozenset[int]:
    """Returns the classes that an event changes."""
    return frozenset({BUILDING} if classes is None else classes)


def name_classes(classes: frozenset[int]) -> str:
    """Says of footprints of which class they are: nothing of buildings, else " of class 2 or 3"."""
    return "" if classes == {BUILDING} else f" of class {' or '.join(map(str, sorted(classes)))}"
