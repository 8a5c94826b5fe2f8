"""What a value must be, in words: for help, and for the one line that says what was wrong."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError

from changen_cli.options.fields import long_name
from changen_cli.options.kinds import Ordered, Says, Taken

LONGEST = 200
"""Characters that are shown of a value that cannot be used."""


def words(kind: object) -> str:
    """Says what a value of a type must be: "a whole number of at least 1", "shift or pad"."""
    metadata: tuple[object, ...] = ()
    while typing.get_origin(kind) is Annotated:
        kind, *more = typing.get_args(kind)
        metadata = (*more, *metadata)
    if said := next((m.text for m in reversed(metadata) if isinstance(m, Says)), ""):
        return said
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return _either([str(part) for part in parts])
    if origin in (typing.Union, types.UnionType):
        return _either([words(part) for part in parts if part is not types.NoneType])
    if origin is tuple:
        if any(isinstance(m, Ordered) for m in metadata):
            return f"low:high, each {words(parts[0])}, low not above high"
        if len(parts) == 2 and parts[1] is Ellipsis:
            return f"a list, each {words(parts[0])}"
        return f"{len(parts)} values, each {words(parts[0])}"
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return "a mapping of name to value"
    names: dict[object, str] = {bool: "yes or no", int: "a whole number", float: "a number", str: "text"}
    return names.get(kind, f"of type {getattr(kind, '__name__', kind)}") + _range(metadata)


def _either(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"


def _plain(limit: Any) -> str:
    return str(limit) if isinstance(limit, int) else f"{limit:g}"


def _range(metadata: Iterable[object]) -> str:
    low = high = ""
    ends: dict[str, Any] = {}
    for limit in metadata:
        if isinstance(limit, Ge):
            low, ends["low"] = f"of at least {_plain(limit.ge)}", limit.ge
        elif isinstance(limit, Gt):
            low = f"above {_plain(limit.gt)}"
        elif isinstance(limit, Le):
            high, ends["high"] = f"at most {_plain(limit.le)}", limit.le
        elif isinstance(limit, Lt):
            high = f"below {_plain(limit.lt)}"
    if len(ends) == 2:
        return f" from {_plain(ends['low'])} to {_plain(ends['high'])}"
    return "".join(f" {part}" for part in (low, "and" if low and high else "", high) if part)


def explain(error: ValidationError, cls: type[Any], dashes: bool) -> str:
    """Turns the first thing that pydantic found into one line."""
    first = error.errors(include_url=False)[0]
    names: list[str] = []
    kind: object = cls
    for step in first["loc"]:
        inner = kind
        while typing.get_origin(inner) is Annotated:
            inner = typing.get_args(inner)[0]
        if isinstance(step, str) and isinstance(inner, type) and dataclasses.is_dataclass(inner):
            hints = typing.get_type_hints(inner, include_extras=True)
            fields = {field.name: field for field in dataclasses.fields(inner)}
            names.append(long_name(fields[step]) if dashes and step in fields else step)
            if step not in hints:
                return f"{'.'.join(names)}: is not known; known: {', '.join(sorted(hints))}"
            kind = hints[step]
        elif isinstance(step, int) and typing.get_origin(inner) is tuple and _options_within(inner):
            names[-1] += f"[{step}]"
            kind = typing.get_args(inner)[0]
        else:
            break
    else:
        if first["type"] in ("missing", "missing_argument"):
            return f"{'.'.join(names)}: is missing; it must be {words(kind)}"
    return f"{'.'.join(names)} {_shown(first['input'], kind)}: must be {words(kind)}"


def _shown(value: object, kind: object) -> str:
    """Writes a value as it was given; text that :func:`split` took apart is put together again."""
    parts = [kind, *typing.get_args(kind)]
    parts += [part for inner in parts for part in typing.get_args(inner)]
    taken = next((part for part in parts if isinstance(part, Taken)), None)
    if taken is not None and isinstance(value, tuple) and all(isinstance(part, str) for part in value):
        return _cut(taken.separator.join(value))
    return _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _options_within(kind: object) -> bool:
    inner = typing.get_args(kind)[0]
    return isinstance(inner, type) and dataclasses.is_dataclass(inner)
