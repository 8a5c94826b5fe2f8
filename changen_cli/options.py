"""One declaration of an option: a dataclass field with its type, range, default, help and group.

Everything else is made from it: the command line (:mod:`changen_cli.cli.options`), YAML files and recipes
(:func:`build`), validation (pydantic's) with its messages, and what the manifest records (:func:`as_manifest`)::

    @options("--")
    class GenerateOptions:
        steps: Annotated[Whole, Ge(1)] = option(default=1, help="Steps of a series.", group="Events")

Values may be given as the text that one types: ``steps="3"`` is 3.
"""

from __future__ import annotations

import dataclasses
import os
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, dataclass_transform

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AfterValidator, AllowInfNan, BeforeValidator, ConfigDict, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from changen_cli.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = [
    "LOW_TO_HIGH",
    "Digest",
    "Ge",
    "Gt",
    "Le",
    "Lt",
    "Number",
    "Ordered",
    "PathText",
    "Says",
    "Taken",
    "Whole",
    "as_manifest",
    "build",
    "check",
    "flat",
    "info",
    "long_name",
    "option",
    "options",
    "split",
    "words",
]  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Says:
    """Metadata of an annotated type: what a value must be, in words that follow "must be"."""

    text: str


@dataclass(frozen=True, slots=True)
class Info:
    """What a field declares beside its type and default.

    Attributes:
        help: One or two sentences, in the user's words and with the unit.
        group: Heading that it stands under in ``--help``.
        flags: Other spellings on the command line, such as ``-o``.
        name: Long name on the command line where it is not the field's, without dashes.
        positional: Whether it is a word of its own on the command line, without a name before it.
        choices: Names to list in the help, of what is installed; None where the type tells.
        cli: Whether the command line has it.
        recorded: Whether it decides what comes out, so that the manifest records it and a resumed run must repeat it.
    """

    help: str
    group: str = ""
    flags: tuple[str, ...] = ()
    name: str = ""
    positional: bool = False
    choices: Callable[[], Iterable[str]] | None = None
    cli: bool = True
    recorded: bool = True


def option(
    default: Any = MISSING,
    *,
    default_factory: Any = MISSING,
    help: str,
    group: str = "",
    flags: tuple[str, ...] = (),
    name: str = "",
    positional: bool = False,
    choices: Callable[[], Iterable[str]] | None = None,
    cli: bool = True,
    recorded: bool = True,
) -> Any:
    """Declares an option; to stand where ``dataclasses.field`` stands. Arguments as the attributes of :class:`Info`.

    Write ``default=``: type checkers see a default only where it is given by name (PEP 681).
    """
    metadata = {"option": Info(help, group, flags, name, positional, choices, cli, recorded), "help": help}
    if default_factory is not MISSING:
        return dataclasses.field(default_factory=default_factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def info(field: dataclasses.Field[Any]) -> Info:
    """Returns what a field declares; of a field that is no :func:`option`, only its help."""
    found = field.metadata.get("option")
    return found if isinstance(found, Info) else Info(str(field.metadata.get("help", "")))


def long_name(field: dataclasses.Field[Any]) -> str:
    """Returns the name of a field on the command line, without the two dashes."""
    return info(field).name or field.name.replace("_", "-")


@dataclass_transform(frozen_default=True, field_specifiers=(option, dataclasses.field))
def options(prefix: str = "", *, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """Makes a class a frozen dataclass that validates and converts its fields when it is made.

    Args:
        prefix: What stands before a field's name in messages: "--" where the fields are options of a command.
        kw_only: Whether values are given by name alone, so that a class of options can add to another one's.

    Returns:
        A class decorator. What cannot be used raises :class:`~changen_cli.errors.UsageError`, in one line.
    """

    def decorate(cls: type[T]) -> type[T]:
        config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
        made: Any = pydantic_dataclass(frozen=True, kw_only=kw_only, config=config)(cls)
        init = made.__init__

        @wraps(init)
        def validated(self: Any, *args: Any, **values: Any) -> None:
            try:
                init(self, *args, **values)
            except ValidationError as error:
                raise UsageError(f"{prefix}{_explain(error, made, bool(prefix))}") from error

        made.__init__ = validated
        return made  # type: ignore[no-any-return]

    return decorate


def build(cls: type[T], values: object, where: str) -> T:
    """Makes options from plain values, as YAML has them.

    Args:
        cls: A class made by :func:`options`.
        values: Values by name of field; nested mappings for fields that are options themselves.
        where: Named in messages, for example the file.

    Returns:
        The options.

    Raises:
        UsageError: If this is no mapping, a key is unknown, or a value cannot be used.
    """
    if not isinstance(values, Mapping):
        raise UsageError(f"{where}: must be a mapping of name to value, not {values!r}")
    known = [f.name for f in dataclasses.fields(cls) if f.init]  # type: ignore[arg-type]
    if unknown := sorted({str(key) for key in values} - set(known)):
        raise UsageError(f"{where}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")
    try:
        return cls(**values)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error


def as_manifest(value: DataclassInstance) -> dict[str, object]:
    """Returns the fields of options that decide what comes out, as JSON values: tuples become lists."""
    return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value) if info(f).recorded}


def flat(cls: type[Any]) -> dict[tuple[str, ...], dataclasses.Field[Any]]:
    """Lists the fields of options, those of fields that are options themselves included.

    Returns:
        Fields by the names that lead to them; a field that is options itself is not among them.
    """
    hints = typing.get_type_hints(cls, include_extras=True)
    found: dict[tuple[str, ...], dataclasses.Field[Any]] = {}
    for field in dataclasses.fields(cls):
        inner = hints[field.name]
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            found |= {(field.name, *rest): leaf for rest, leaf in flat(inner).items()}
        else:
            found[(field.name,)] = field
    return found


def check(name: str, value: object, kind: Any) -> Any:
    """Converts one value to a type, as a field of that type would.

    Args:
        name: Named in messages.
        value: The value, or the text of it.
        kind: A type, annotated or not.

    Raises:
        UsageError: If it does not fit.
    """
    from pydantic import TypeAdapter

    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise UsageError(f"{name} {value!r}: must be {words(kind)}") from error


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


def _range(metadata: Iterable[object]) -> str:
    low = high = ""
    ends: dict[str, Any] = {}
    for limit in metadata:
        if isinstance(limit, Ge):
            low, ends["low"] = f"of at least {limit.ge:g}", limit.ge
        elif isinstance(limit, Gt):
            low = f"above {limit.gt:g}"
        elif isinstance(limit, Le):
            high, ends["high"] = f"at most {limit.le:g}", limit.le
        elif isinstance(limit, Lt):
            high = f"below {limit.lt:g}"
    if len(ends) == 2:
        return f" from {ends['low']:g} to {ends['high']:g}"
    return "".join(f" {part}" for part in (low, "and" if low and high else "", high) if part)


def _explain(error: ValidationError, cls: type[Any], dashes: bool) -> str:
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
        return taken.separator.join(value)
    return str(value)


def _options_within(kind: object) -> bool:
    inner = typing.get_args(kind)[0]
    return isinstance(inner, type) and dataclasses.is_dataclass(inner)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return as_manifest(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _no_flag(value: T) -> T:
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")
    return value


@dataclass(frozen=True, slots=True)
class Taken(BeforeValidator):
    """A validator that takes text apart; made by :func:`split`."""

    separator: str = ","


def split(separator: str) -> Taken:
    """Makes a validator that takes text apart: "0:3" or "3,2,1"; other values pass as they are."""
    return Taken(
        lambda value: tuple(part.strip() for part in value.split(separator)) if isinstance(value, str) else value,
        separator=separator,
    )


@dataclass(frozen=True, slots=True)
class Ordered(AfterValidator):
    """A validator of two values; see :data:`LOW_TO_HIGH`."""


def _in_order(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    if pair[0] > pair[1]:
        raise ValueError("the first value is above the second")
    return pair


LOW_TO_HIGH = Ordered(_in_order)
"""Annotates a tuple of two values, of which the first must not be above the second."""

Whole = Annotated[int, BeforeValidator(_no_flag)]
"""A whole number; not True or False, which Python takes for 1 and 0."""

Number = Annotated[float, BeforeValidator(_no_flag), AllowInfNan(False)]
"""A finite number; not True or False."""

PathText = Annotated[str, BeforeValidator(lambda value: os.fspath(value) if isinstance(value, os.PathLike) else value)]
"""A path, kept as text."""


def _digest(value: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ValueError("no SHA-256")
    return value.lower()


Digest = Annotated[str, AfterValidator(_digest), Says("64 hexadecimal digits")]
"""A SHA-256, in small letters."""
