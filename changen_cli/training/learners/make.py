"""From a recipe to the learner of its model."""

from __future__ import annotations

from importlib import import_module

import torch

from changen_cli.errors import PluginError
from changen_cli.models.registry import get_model
from changen_cli.training.config.run import RunOptions
from changen_cli.training.learners.base import AnyLearner, Learner


def learner_class(model: str, network: object | None = None) -> type[AnyLearner]:
    """Imports the learner that a model's record names.

    Args:
        model: Name of a model.
        network: Configuration of the network; None for its defaults.

    Raises:
        PluginError: If there is no such class, or it is no :class:`Learner`.
    """
    record = get_model(model)
    named = record.learner_of(record.config() if network is None else network)
    module, _, name = named.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise PluginError(f"model {model!r}: its learner {named!r} cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Learner)):
        raise PluginError(f"model {model!r}: {named!r} is no Learner; see changen_cli/training/learners/base.py")
    return found


def make_learner(config: RunOptions, device: str, precision: torch.dtype) -> AnyLearner:
    """Makes the learner of a recipe, with fresh networks.

    Args:
        config: The recipe; its ``model`` says which.
        device: A torch device.
        precision: ``torch.bfloat16`` for autocast, ``torch.float32`` without.

    Returns:
        The learner.

    Raises:
        PluginError: If the model's learner cannot be imported.
        WeightsError: If the recipe wants frozen features whose packages are not installed.
    """
    make: type = learner_class(config.model, config.architecture)
    learner: AnyLearner = make(config, device, precision)
    return learner
