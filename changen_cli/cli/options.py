"""Parameters of a verb, made from the dataclass of its options (:mod:`changen_cli.options`)."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Concatenate, Literal, ParamSpec, TypeVar, overload

import typer

from changen_cli.cli.config import RECORDED, Recorded, read_config
from changen_cli.options import Info, Taken, flat, info, long_name

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")

_CONTEXT = "context"

Verb = Callable[..., Any]


@overload
def takes(
    cls: type[T], build: Literal[True] = True, *, recorded: Recorded | None = None
) -> Callable[[Callable[Concatenate[T, P], R]], Callable[..., R]]: ...


@overload
def takes(
    cls: type[Any], build: Literal[False], also: Sequence[type[Any]] = ()
) -> Callable[[Callable[Concatenate[Mapping[str, Any], P], R]], Callable[..., R]]: ...


def takes(
    cls: type[Any], build: bool = True, also: Sequence[type[Any]] = (), recorded: Recorded | None = None
) -> Callable[[Callable[..., Any]], Verb]:
    """Makes a verb of a function: its first parameter are the options, and each of their fields becomes a Typer option.

    Only what was typed, or stood in ``--config``, is passed on: the defaults are those of the dataclass alone. The
    function's other parameters stay Typer's as they are. It gets a ``--config`` unless it has a parameter of that name.

    Args:
        cls: A class made by :func:`changen_cli.options.options`; fields that are options themselves become options of
            the same command, named by their last name.
        build: Whether the function gets the options; else the mapping of what was given, nested as the fields are, for
            a recipe that it overrides; no defaults are shown then, since they are the recipe's.
        also: Other such classes, whose fields stand beside those of the first.
        recorded: Reads the options that an output of the command records, so that it may stand for a ``--config``.

    Returns:
        A decorator. What it makes raises :class:`~changen_cli.errors.UsageError` if the options cannot be used.

    Raises:
        TypeError: If two options have one name.
    """
    fields = {
        path: field for one in (cls, *also) for path, field in flat(one).items() if field.init and info(field).cli
    }
    hints = {path: hint for one in (cls, *also) for path, hint in _hints(one).items()}
    paths = {path[-1]: path for path in fields}

    def decorate(function: Callable[..., Any]) -> Verb:
        own = [
            parameter.replace(annotation=_evaluated(parameter.annotation, function))
            for parameter in list(inspect.signature(function).parameters.values())[1:]
        ]
        made = [_parameter(field, hints[path], not build) for path, field in fields.items()]
        made.sort(
            key=lambda parameter: parameter.default is not inspect.Parameter.empty
        )  # what must be given comes first
        context = inspect.Parameter(_CONTEXT, inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
        names = [parameter.name for parameter in (context, *made, *own)]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise TypeError(f"{cls.__name__}: two options of one command are named {twice[0]}")
        config = [] if "config" in names else [_config(recorded)]

        @wraps(function)
        def verb(**values: Any) -> Any:
            where: typer.Context = values.pop(_CONTEXT)
            given: dict[str, Any] = dict(where.meta.get(RECORDED, {}))
            for name, path in paths.items():
                value = values.pop(name)
                if _was_given(where, name):
                    _put(given, path, value)
            if config:
                del values["config"]  # its values came in as defaults
            return function(cls(**given) if build else given, **values)

        parameters = [context, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*made, *own, *config))]
        del verb.__dict__["__wrapped__"]  # Typer would read the parameters of the function
        verb.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        verb.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return verb

    return decorate


def _config(recorded: Recorded | None) -> inspect.Parameter:
    """Makes the parameter ``--config``."""

    def read(context: typer.Context, path: Path | None) -> Path | None:
        return read_config(context, path, recorded)

    text = "YAML file with any of these options; what is typed overrides it."
    if recorded is not None:
        text += " Or an output, its manifest, or a recipe: the options that it was made with."
    return inspect.Parameter(
        "config",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[Path | None, typer.Option(help=text, callback=read, is_eager=True)],
    )


def _evaluated(annotation: Any, function: Callable[..., Any]) -> Any:
    """Evaluates an annotation that was postponed; that of the options may name a class that no module has."""
    return eval(annotation, function.__globals__) if isinstance(annotation, str) else annotation


def _was_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _put(values: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for name in path[:-1]:
        values = values.setdefault(name, {})
    values[path[-1]] = value


def _hints(cls: type[object], before: tuple[str, ...] = ()) -> dict[tuple[str, ...], object]:
    """Returns the types of the fields of options, nested ones included, by the names that lead to them."""
    found: dict[tuple[str, ...], object] = {}
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        found[(*before, name)] = hint
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            found |= _hints(hint, (*before, name))
    return found


def _parameter(field: dataclasses.Field[Any], hint: object, optional: bool) -> inspect.Parameter:
    """Makes the Typer parameter of a field.

    Args:
        field: The field.
        hint: Its type.
        optional: Whether it may be left out though it has no default: something else may give it.
    """
    declared = info(field)
    kind, separator = _typed(hint)
    default = _default(field, separator)
    required = default is inspect.Parameter.empty and not optional
    if optional:
        default = None
    name = long_name(field)
    both = kind is bool and (default is True or optional)
    names = [f"--{name}/--no-{name}" if both else f"--{name}", *declared.flags]
    text = _help(declared, hint)
    if declared.positional:
        made = typer.Argument(help=text, show_default=not required)
    else:
        made = typer.Option(
            *names, help=text, rich_help_panel=declared.group or None, autocompletion=_completion(declared, hint)
        )
    if default is None:
        kind = kind | None
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, made]
    )


def _typed(hint: object) -> tuple[Any, str | None]:
    """Returns what Typer parses a field to (bool, int, float, str or list[str]), and where its text is taken apart."""
    separator = None
    while typing.get_origin(hint) is Annotated:
        hint, *metadata = typing.get_args(hint)
        separator = next((one.separator for one in metadata if isinstance(one, Taken)), separator)
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        parts = [part for part in typing.get_args(hint) if part is not types.NoneType]
        if len(parts) == 1:
            kind, inner = _typed(parts[0])
            return (str, separator) if separator else (kind, inner)
        separator = separator or next((found for _, found in map(_typed, parts) if found), None)
        kinds = [_typed(part)[0] for part in parts]
        repeatable = separator is None and list[str] in kinds and str not in kinds
        return (list[str] if repeatable else str), separator
    if separator is None and origin is not None and issubclass(_class(origin), (tuple, list, Mapping)):
        return list[str], None
    return (hint if hint in (bool, int, float) and separator is None else str), separator


def _class(origin: object) -> type[object]:
    return origin if isinstance(origin, type) else object


def _default(field: dataclasses.Field[Any], separator: str | None) -> object:
    """Returns the default as one would type it; None where there is none to show; empty where there must be a value."""
    if field.default is not dataclasses.MISSING:
        value = field.default
    elif field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    else:
        return inspect.Parameter.empty
    if isinstance(value, tuple) and separator is not None:
        return separator.join(map(str, value))
    if isinstance(value, list | tuple | Mapping):
        return None
    return value


def _help(declared: Info, hint: object) -> str:
    """Returns the help of an option, with the choices that it does not name itself."""
    if declared.choices is not None:
        label, choices = "Installed", sorted(declared.choices())
    else:
        label, choices = "One of", list(_literals(hint))
    if all(choice in declared.help for choice in choices):
        return declared.help
    return f"{declared.help} {label}: {', '.join(choices)}."


def _completion(declared: Info, hint: object) -> Callable[[str], list[str]] | None:
    """Returns what a shell offers for a value: the choices that begin as what was typed behind the last comma.

    None where any value may stand; the shell then offers files.
    """
    names = declared.choices
    fixed = sorted(_literals(hint))
    if names is None and not fixed:
        return None

    def complete(incomplete: str) -> list[str]:
        before, comma, typed = incomplete.rpartition(",")
        choices = fixed if names is None else sorted(names())
        return [f"{before}{comma}{choice}" for choice in choices if choice.startswith(typed)]

    return complete


def _literals(hint: object) -> Iterable[str]:
    if typing.get_origin(hint) is Literal:
        return [str(choice) for choice in typing.get_args(hint)]
    return [choice for part in typing.get_args(hint) for choice in _literals(part)]
