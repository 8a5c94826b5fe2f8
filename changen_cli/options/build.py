"""Classes of options, made and filled: values are converted and checked; what cannot be used is said in one line."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, dataclass_transform

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from changen_cli.errors import UsageError
from changen_cli.options.fields import option
from changen_cli.options.words import explain, words

T = TypeVar("T")


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
                raise UsageError(f"{prefix}{explain(error, made, bool(prefix))}") from error

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


def check(name: str, value: object, kind: Any) -> Any:
    """Converts one value to a type, as a field of that type would.

    Args:
        name: Named in messages.
        value: The value, or the text of it.
        kind: A type, annotated or not.

    Raises:
        UsageError: If it does not fit.
    """
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise UsageError(f"{name} {value!r}: must be {words(kind)}") from error
