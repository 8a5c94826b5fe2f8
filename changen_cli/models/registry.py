"""Models by name: the entry points of the group ``changen.models``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from torch import nn

from changen_cli import plugins
from changen_cli.errors import PluginError
from changen_cli.models.base import Model
from changen_cli.options import build


def model_names() -> list[str]:
    """Lists the models that are installed, without importing any."""
    return list(plugins.find(plugins.MODELS))


def get_model(name: str) -> Model[nn.Module]:
    """Imports the record of one model.

    Args:
        name: A name from :func:`model_names`.

    Returns:
        The record.

    Raises:
        PluginError: If no such model is installed (the message lists those that are), importing it fails, or the
            entry point names something else than a :class:`~changen_cli.models.base.Model` of its own name.
    """
    model = plugins.load(plugins.MODELS, name)
    if not isinstance(model, Model):
        raise PluginError(
            f"model plugin {name!r} names {model!r}; it must name a changen_cli.models.base.Model; "
            "repair or uninstall its package"
        )
    if model.name != name:
        raise PluginError(
            f"model plugin {name!r}: its record has the name {model.name!r}; both must be one; "
            "repair or uninstall its package"
        )
    return model


def find_models() -> dict[str, Model[nn.Module]]:
    """Imports the records of all installed models.

    Returns:
        Records by name, sorted.

    Raises:
        PluginError: If one of them cannot be imported or is no model.
    """
    return {name: get_model(name) for name in model_names()}


def models_trained_with(options: str) -> dict[str, Model[nn.Module]]:
    """Finds the models whose training takes certain arguments.

    Args:
        options: The arguments, as :attr:`~changen_cli.models.base.Model.options` names them.

    Returns:
        Records by name, sorted. One whose package is broken is left out: it is no reason to refuse the others.
    """
    found = {}
    for name in model_names():
        with suppress(PluginError):
            record = get_model(name)
            if record.options == options:
                found[name] = record
    return found


def make_network(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    """Makes a network with fresh weights.

    Args:
        name: Name of a model.
        arguments: Fields of its configuration, as in a weights card.

    Returns:
        The network.

    Raises:
        PluginError: If there is no such model.
        UsageError: If an argument is unknown or out of range.
    """
    model = get_model(name)
    return model.network(build(model.config, arguments, f"{name} arguments"))
