"""From a weights file to a network that is ready to use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar, overload

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from changen_cli.device import random_state_kept
from changen_cli.errors import ChangenError, WeightsError
from changen_cli.models import changen
from changen_cli.models.base import Model
from changen_cli.models.layers import fold_spectral_norm
from changen_cli.models.registry import get_model, model_names
from changen_cli.options import build
from changen_cli.weights.card import Card, find_weights, verify_weights

Network = TypeVar("Network", bound=nn.Module)


def load_generator(weights: str | None = None, device: str = "cpu") -> tuple[changen.ChangenGenerator, Card]:
    """Loads a pretrained change generator, verified against its card.

    Args:
        weights: Name (see ``changen weights list``) or path of a safetensors file; None takes the shipped ones.
        device: A torch device.

    Returns:
        The generator, float32, in evaluation mode, spectral norm folded, channels last; and its card.

    Raises:
        WeightsError: If the weights are missing, damaged, or made for another architecture.
    """
    return load_network(weights, device, changen.MODEL)


@overload
def load_network(weights: str | None, device: str, model: Model[Network]) -> tuple[Network, Card]: ...
@overload
def load_network(weights: str, device: str = "cpu") -> tuple[nn.Module, Card]: ...
def load_network(
    weights: str | None, device: str = "cpu", model: Model[nn.Module] | None = None
) -> tuple[nn.Module, Card]:
    """Loads a pretrained network, verified against its card.

    Args:
        weights: Name (see ``changen weights list``) or path of a safetensors file; None takes those that ship with
            changen for the model, or, where there are none, those that have the model's own name.
        device: A torch device.
        model: What the weights must be of; None takes whatever the card says.

    Returns:
        The network, float32, in evaluation mode, spectral norm folded, channels last; and its card.

    Raises:
        WeightsError: If the weights are missing, damaged, not finite, made for another architecture, or a model's
            discriminators.
        PluginError: If the card's model is a plugin that cannot be loaded.
    """
    path, card = _find(weights, model)
    if card.part != "network":
        raise WeightsError(
            f"{path}: holds the {card.part} of {card.architecture!r}, which only changen train --init uses, and beside "
            "their network; name the weights of the network"
        )
    verify_weights(path, card)
    if model is not None and card.architecture != model.name:
        raise WeightsError(
            f"{path}: weights of {card.architecture!r}, not of {model.name!r}; name others, or make some with: "
            f"changen train --model {model.name}"
        )
    if card.architecture not in model_names():
        raise WeightsError(
            f"{path}: weights of {card.architecture!r}, which this changen does not know (it knows "
            f"{', '.join(model_names())}); name others with --weights"
        )
    found = model or get_model(card.architecture)
    try:
        config = build(found.config, card.arguments, "arguments")
        with random_state_kept():  # what it draws is overwritten
            network = found.network(config)
        fold_spectral_norm(network.eval())
        stored = load_file(path)
        _require_finite(path, stored)
        network.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    except WeightsError:
        raise
    except (ChangenError, RuntimeError, SafetensorError, ValueError, TypeError) as error:
        raise WeightsError(f"{path}: does not fit its card's architecture: {str(error).splitlines()[0]}") from error
    network.requires_grad_(False)
    return network.to(device).to(memory_format=torch.channels_last), card


def _require_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuses weights of which one number is none: every image that they make would be black."""
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise WeightsError(
                f"{path}: {name} holds values that are not finite; the training went wrong: take an earlier checkpoint "
                "(changen weights pack --checkpoint best), or other weights"
            )


def _find(weights: str | None, model: Model[nn.Module] | None) -> tuple[Path, Card]:
    if weights is not None:
        return find_weights(weights)
    if model is None:
        raise WeightsError("no weights are named, nor a model that they are of")
    try:
        return find_weights(model.weights or model.name)
    except WeightsError as error:
        if model.weights:
            raise
        raise WeightsError(
            f"{error}. None come with changen for {model.name}: train them with changen train --model {model.name}, "
            "pack them with changen weights pack, and name them with --weights"
        ) from error
