"""A plugin's parameters: the fields of its dataclass, described, and read from text.

Text is what the command line gives: ``create.turn=45``, ``scale.factor=1.2:1.8``, ``create.align=no``. The ranges of a
plugin made by :func:`changen_cli.options.options` are part of the types of its fields; those of any other dataclass are
for its ``__post_init__`` to check.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from changen_cli.errors import UsageError
from changen_cli.options import info, words

_NONE = "none"


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """One parameter of a plugin.

    Attributes:
        name: As in ``<plugin>.<name>=<value>``.
        type: What it must be, in words: "a number from 0 to 45", "yes or no", "text or none".
        default: As one would write it on the command line; "required" if there is none.
        help: What it does, and in which unit.
    """

    name: str
    type: str
    default: str
    help: str


def parameters_of(plugin: type) -> dict[str, dataclasses.Field[Any]]:
    """Returns the fields of a plugin's dataclass that are parameters, by name."""
    return {f.name: f for f in dataclasses.fields(plugin) if f.init}


def describe_parameters(plugin: type) -> tuple[ParameterInfo, ...]:
    """Describes the parameters of a plugin's class, in the order of its fields."""
    hints = typing.get_type_hints(plugin, include_extras=True)
    return tuple(
        ParameterInfo(name, _words(hints[name]), _default_text(f), info(f).help)
        for name, f in parameters_of(plugin).items()
    )


def read_value(plugin: type, name: str, text: str) -> Any:
    """Converts the text of a parameter by the type of its field.

    Args:
        plugin: The plugin's class.
        name: Of one of its parameters.
        text: For example "45", "1.2:1.8" or "no"; one number for a pair means twice the same.

    Returns:
        The value: bool, int, float, str, a tuple of them, or None.

    Raises:
        UsageError: If the text does not fit the type, its range included, or the type cannot be written as text.
    """
    kind, text = typing.get_type_hints(plugin, include_extras=True)[name], text.strip()
    try:
        return TypeAdapter(kind).validate_python(_apart(kind, text))
    except (ValidationError, PydanticSchemaGenerationError) as error:
        raise UsageError(f"{name}={text}: must be {_words(kind)}") from error


def write_value(value: object) -> str:
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


def json_value(value: object) -> Any:
    """Makes a parameter's value fit for JSON: tuples become lists, and numbers that JSON lacks become text."""
    if isinstance(value, tuple | list):
        return [json_value(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _apart(kind: Any, text: str) -> Any:
    """Takes text apart where a type has several values; what each of them may be is pydantic's to check."""
    while typing.get_origin(kind) is Annotated:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) is tuple:
        parts, kinds = tuple(text.split(":")), typing.get_args(kind)
        return parts * len(kinds) if len(parts) == 1 and Ellipsis not in kinds else parts
    inner = _optional(kind)
    if inner is None:
        return text
    return None if text.lower() == _NONE else _apart(inner, text)


def _optional(wanted: Any) -> Any:
    """Returns T of ``T | None``, or None for any other type."""
    if typing.get_origin(wanted) not in (typing.Union, types.UnionType):
        return None
    kinds = [k for k in typing.get_args(wanted) if k is not types.NoneType]
    return kinds[0] if len(kinds) == 1 and len(typing.get_args(wanted)) == 2 else None


def _words(kind: Any) -> str:
    return words(kind) if _optional(kind) is None else f"{words(kind)} or {_NONE}"


def _default_text(parameter: dataclasses.Field[Any]) -> str:
    if parameter.default is not dataclasses.MISSING:
        return write_value(parameter.default)
    if parameter.default_factory is not dataclasses.MISSING:
        return write_value(parameter.default_factory())
    return "required"
