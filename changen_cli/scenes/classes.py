"""Classes of footprints: their numbers in the masks, their names, and the values of a file that mean them.

A class is declared in text, ``NUMBER=NAME`` or ``NUMBER=NAME|VALUE|VALUE``: ``2=water``, ``1=building|yes|house``. The
name is a value that means the class too; ``*`` among the values is any that no other class has. Case does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from changen_cli.errors import UsageError
from changen_cli.scenes.layout import BUILDING

LARGEST = 255
"""Class masks are uint8."""

ANY_OTHER = "*"
"""Stands for every value that no class names."""

_FLAG = "--class-name"


@dataclass(frozen=True)
class Classes:
    """What classes there are.

    Attributes:
        names: Of each class by its number.
        values: Number of a class by a value that means it, in lower case.
        other: The class of every value that is not among them; None where there is none.
    """

    names: Mapping[int, str] = field(default_factory=lambda: {BUILDING: "building"})
    values: Mapping[str, int] = field(default_factory=lambda: {"building": BUILDING})
    other: int | None = None

    def number(self, value: object) -> int | None:
        """Tells the class that a value means.

        Args:
            value: Text or a number, as a column of a vector file has it; None or NaN where it has none.

        Returns:
            A class that was declared for the value, else the class for all others; else the value itself where it is a
            whole number from 1 to 255; else None.
        """
        text = "" if value is None or value != value else str(value).strip()  # NaN alone is not itself
        if isinstance(value, float) and value.is_integer():
            text = str(int(value))
        found = self.values.get(text.casefold()) if text else None
        if found is not None or self.other is not None:
            return self.other if found is None else found
        return int(text) if text.isascii() and text.isdecimal() and 1 <= int(text) <= LARGEST else None


def read_names(texts: Iterable[str]) -> dict[int, str]:
    """Reads what classes are called, of each the last name; several may have one name.

    Args:
        texts: As of :func:`read_classes`.

    Raises:
        UsageError: If one is not written like that.
    """
    return {BUILDING: "building"} | {number: name for _, number, (name, *_) in _declared(texts)}


def read_classes(texts: Iterable[str]) -> Classes:
    """Reads what classes are called.

    Args:
        texts: ``NUMBER=NAME`` or ``NUMBER=NAME|VALUE|VALUE`` each; 1 is "building" unless told other.

    Raises:
        UsageError: If one is not written like that, or a value or all others would mean two classes.
    """
    texts = tuple(texts)
    names = read_names(texts)
    values: dict[str, int] = {}
    for text, number, meant in _declared(texts):
        for value in meant:
            if values.setdefault(value.casefold(), number) != number:
                raise UsageError(
                    f"{_FLAG} {text}: {value!r} means class {values[value.casefold()]} already; name it once"
                )
    other = values.pop(ANY_OTHER, None)
    values.setdefault(names[BUILDING].casefold(), BUILDING)
    return Classes(names, values, other)


def _declared(texts: Iterable[str]) -> Iterator[tuple[str, int, list[str]]]:
    """Takes declarations apart: the text, the number, and the name with the values after it."""
    for text in texts:
        number_text, _, rest = (part.strip() for part in text.partition("="))
        number = int(number_text) if number_text.isascii() and number_text.isdecimal() else 0
        meant = [part.strip() for part in rest.split("|")]
        if not (1 <= number <= LARGEST and all(meant)):
            raise UsageError(f"{_FLAG} {text}: must be NUMBER=NAME, with a number from 1 to {LARGEST}")
        if meant[0] == ANY_OTHER:
            raise UsageError(f"{_FLAG} {text}: give the class a name first, {number}=NAME|{ANY_OTHER}")
        yield text, number, meant
