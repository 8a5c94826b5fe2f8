"""An event's parameters: the fields of its dataclass, checked, converted from text and described.

Text is what the command line gives: ``create.turn=45``, ``scale.factor=1.2:1.8``, ``create.align=no``.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from typing import Any

from changen_cli.errors import UsageError

_YES = frozenset({"yes", "true", "on", "1"})
_NO = frozenset({"no", "false", "off", "0"})
_NONE = "none"


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """One parameter of an event.

    Attributes:
        name: As in ``<event>.<name>=<value>``.
        type: In words: "number", "whole number", "yes or no", "text", "number:number".
        default: As one would write it on the command line; "required" if there is none.
        help: What it does, and in which unit.
    """

    name: str
    type: str
    default: str
    help: str


def check_number(name: str, value: Any, low: float, high: float = math.inf) -> None:
    """Checks one numeric parameter.

    Args:
        name: Of the parameter.
        value: Its value.
        low: Least value.
        high: Largest value.

    Raises:
        UsageError: If it is no number, or out of range.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UsageError(f"{name}={write_value(value)}: must be a number {_range_text(low, high)}")


def check_whole(name: str, value: Any, low: int, high: int | None = None) -> None:
    """Checks one parameter that must be a whole number from ``low`` to ``high``; see :func:`check_number`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
        limits = _range_text(low, math.inf if high is None else high)
        raise UsageError(f"{name}={write_value(value)}: must be a whole number {limits}")


def check_flag(name: str, value: Any) -> None:
    """Checks one parameter that must be true or false; see :func:`check_number`."""
    if not isinstance(value, bool):
        raise UsageError(f"{name}={write_value(value)}: must be yes or no")


def check_range(name: str, value: Any, low: float, high: float = math.inf) -> None:
    """Checks a parameter of two numbers, the first not above the second, both from ``low`` to ``high``.

    Raises:
        UsageError: If it is anything else.
    """
    numbers = isinstance(value, tuple) and len(value) == 2
    if numbers:
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) and low <= v <= high for v in value)
    if not numbers or value[0] > value[1]:
        raise UsageError(
            f"{name}={write_value(value)}: must be two numbers low:high {_range_text(low, high)}, low not above high"
        )


def parameters_of(event: type) -> dict[str, dataclasses.Field[Any]]:
    """Returns the fields of an event's dataclass that are parameters, by name."""
    return {f.name: f for f in dataclasses.fields(event) if f.init}


def describe_parameters(event: type) -> tuple[ParameterInfo, ...]:
    """Describes the parameters of an event class, in the order of its fields."""
    hints = typing.get_type_hints(event)
    return tuple(
        ParameterInfo(name, _type_text(hints[name]), _default_text(f), str(f.metadata.get("help", "")))
        for name, f in parameters_of(event).items()
    )


def read_value(event: type, name: str, text: str) -> Any:
    """Converts the text of a parameter by the type of its field.

    Args:
        event: The event's class.
        name: Of one of its parameters.
        text: For example "45", "1.2:1.8" or "no"; one number for a pair means twice the same.

    Returns:
        The value: bool, int, float, str, a tuple of them, or None.

    Raises:
        UsageError: If the text does not fit the type, or the type cannot be written as text.
    """
    wanted = typing.get_type_hints(event)[name]
    try:
        return _read(wanted, text.strip())
    except ValueError as error:
        raise UsageError(f"{name}={text}: must be {_type_text(wanted)}") from error


def write_value(value: Any) -> str:
    """Writes a parameter's value the way :func:`read_value` reads it."""
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, tuple | list):
        return ":".join(write_value(v) for v in value)
    return str(value)


def json_value(value: Any) -> Any:
    """Makes a parameter's value fit for JSON: tuples become lists, and numbers that JSON lacks become text."""
    if isinstance(value, tuple | list):
        return [json_value(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _read(wanted: Any, text: str) -> Any:
    if wanted is bool:
        if text.lower() not in _YES | _NO:
            raise ValueError(text)
        return text.lower() in _YES
    if wanted in (int, float):
        return wanted(text)
    if wanted is str:
        return text
    if typing.get_origin(wanted) is tuple:
        parts, kinds = text.split(":"), typing.get_args(wanted)
        if len(kinds) == 2 and kinds[1] is Ellipsis:
            kinds = (kinds[0],) * len(parts)
        elif len(parts) == 1:
            parts = parts * len(kinds)
        return tuple(_read(kind, part) for kind, part in zip(kinds, parts, strict=True))
    kind = _optional(wanted)
    if kind is not None:
        return None if text.lower() == _NONE else _read(kind, text)
    raise ValueError(text)


def _optional(wanted: Any) -> Any:
    """Returns T of ``T | None``, or None for any other type."""
    if typing.get_origin(wanted) not in (typing.Union, types.UnionType):
        return None
    kinds = [k for k in typing.get_args(wanted) if k is not types.NoneType]
    return kinds[0] if len(kinds) == 1 and len(typing.get_args(wanted)) == 2 else None


def _type_text(wanted: Any) -> str:
    names = {bool: "yes or no", int: "whole number", float: "number", str: "text"}
    if wanted in names:
        return names[wanted]
    if typing.get_origin(wanted) is tuple:
        return ":".join("..." if k is Ellipsis else _type_text(k) for k in typing.get_args(wanted))
    kind = _optional(wanted)
    if kind is not None:
        return f"{_type_text(kind)} or {_NONE}"
    return f"set from Python only ({getattr(wanted, '__name__', wanted)})"


def _default_text(parameter: dataclasses.Field[Any]) -> str:
    if parameter.default is not dataclasses.MISSING:
        return write_value(parameter.default)
    if parameter.default_factory is not dataclasses.MISSING:
        return write_value(parameter.default_factory())
    return "required"


def _range_text(low: float, high: float) -> str:
    return f"of at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
