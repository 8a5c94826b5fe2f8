"""``--config``: a YAML file in place of options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer
import yaml

from changen_cli.errors import UsageError
from changen_cli.texts import parse_yaml, read_text

_UNSET = ("", "~", "null", "Null", "NULL")
"""What YAML writes for no value; the option keeps its default."""


RECORDED = "changen.recorded"
"""Key of the context's notes that has the values of a manifest, by name of field."""

Recorded = Callable[[Path], Mapping[str, object] | None]
"""Reads the options that a file records of a run; None if it is no such file."""


def read_config(context: typer.Context, path: Path | None, recorded: Recorded | None = None) -> Path | None:
    """Makes the values of a YAML file the defaults of the options, so that what is typed overrides them.

    Args:
        context: Of the command, before its other options are read.
        path: The file, or None.
        recorded: Reads files that are no YAML but a record of what the command did, where it keeps one.

    Returns:
        The path.

    Raises:
        UsageError: If the file cannot be read, or holds something that is no option of the command.
    """
    if path is None:
        return None
    found = None if recorded is None else recorded(path)
    if found is not None:
        context.meta[RECORDED] = found
        # a value that stands for one that must be given; the values that count are those noted
        must = [one for one in context.command.params if one.required and one.name in found]
        context.default_map = {**(context.default_map or {}), **{one.name: found[one.name] for one in must}}
        return path
    try:
        # every value is read as the text it is, as on the command line: YAML would make 65 of 1:5 and False of no
        values = parse_yaml(read_text(path), yaml.BaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"--config {path}: not a readable YAML file: {reason}") from error
    if not isinstance(values, dict):
        raise UsageError(f"--config {path}: must be a mapping of option to value, for example 'steps: 3'")
    known = _options(context)
    defaults: dict[str, object] = {}
    for key, value in values.items():
        parameter = known.get(str(key).replace("_", "-"))
        if parameter is None:
            raise UsageError(f"--config {path}: unknown option {key!r}; known: {', '.join(sorted(known))}")
        if value in _UNSET:
            continue
        defaults[parameter.name] = _config_value(f"--config {path}: {key}", value, parameter.multiple)
    context.default_map = {**(context.default_map or {}), **defaults}
    return path


def _options(context: typer.Context) -> dict[str, Any]:
    """Returns the options that a file may hold, by their long names without the dashes."""
    found: dict[str, Any] = {}
    for parameter in context.command.params:
        names = {name.removeprefix("--") for name in parameter.opts if name.startswith("--")}
        if not names & {"config", "help"}:
            found |= dict.fromkeys(names, parameter)
    return found


def _config_value(where: str, value: object, repeatable: bool) -> object:
    items = value if isinstance(value, list) else [value]
    if any(not isinstance(item, str) for item in items) or (isinstance(value, list) and not repeatable):
        kind = "a list of values" if repeatable else "one value"
        raise UsageError(f"{where} takes {kind}, written as on the command line, for example 'events: create=2,remove'")
    return items if repeatable else value
