"""From plain values to the arguments of a run, of whatever class its model asks for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from changen_cli.errors import PluginError, UsageError
from changen_cli.models.registry import get_model, model_names
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.config.run import RunOptions, default_model, parse


def options_class(model: str) -> type[RunOptions]:
    """Imports the class of the arguments of a run that trains a model, as its record names it.

    Raises:
        PluginError: If there is no such class.
    """
    named = get_model(model).options
    module, _, name = named.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise PluginError(f"model {model!r}: its options {named!r} cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, RunOptions)):
        raise PluginError(f"model {model!r}: {named!r} are no RunOptions; see changen_cli/training/config/run.py")
    return found


def parse_run(values: Mapping[str, object], where: str = "training recipe") -> RunOptions:
    """Builds the arguments of a run from plain values.

    Args:
        values: As of :func:`~changen_cli.training.config.run.parse`; their ``model`` says of which class they are.
        where: Named in errors, for example the file.

    Returns:
        The validated arguments.

    Raises:
        UsageError: For an unknown model or key, or a value out of range.
        PluginError: If the model's arguments cannot be imported.
    """
    model = str(values.get("model", default_model(TrainConfig)))
    if model not in model_names():
        raise UsageError(f"{where}: no model {model!r}; choose {', '.join(model_names())}")
    return parse(options_class(model), values, where)
