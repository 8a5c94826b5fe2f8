"""What a field of options declares beside its type: help, group, flags, whether it is recorded."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


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


def as_manifest(value: DataclassInstance) -> dict[str, object]:
    """Returns the fields of options that decide what comes out, as JSON values: tuples become lists."""
    return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value) if info(f).recorded}


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return as_manifest(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
