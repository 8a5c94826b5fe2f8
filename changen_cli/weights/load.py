"""From a weights file to a network that is ready to use."""

from __future__ import annotations

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from changen_cli.errors import ChangenError, WeightsError
from changen_cli.models.changen import ChangenGenerator
from changen_cli.models.layers import fold_spectral_norm
from changen_cli.models.registry import make_network, model_names
from changen_cli.weights.card import DEFAULT, Card, find_weights, verify_weights

ARCHITECTURE = "changen"


def load_generator(weights: str = DEFAULT, device: str = "cpu") -> tuple[ChangenGenerator, Card]:
    """Loads a pretrained change generator, verified against its card.

    Args:
        weights: Name (see ``changen weights list``) or path of a safetensors file.
        device: A torch device.

    Returns:
        The generator, float32, in evaluation mode, spectral norm folded, channels last; and its card.

    Raises:
        WeightsError: If the weights are missing, damaged, or made for another architecture.
    """
    generator, card = load_network(weights, device, ARCHITECTURE)
    assert isinstance(generator, ChangenGenerator), "the registry says so"
    return generator, card


def load_network(weights: str, device: str = "cpu", architecture: str | None = None) -> tuple[nn.Module, Card]:
    """Loads any pretrained network, verified against its card.

    Args:
        weights: Name (see ``changen weights list``) or path of a safetensors file.
        device: A torch device.
        architecture: Name of the model that the weights must be of; None
            takes whatever the card says.

    Returns:
        The network, float32, in evaluation mode, spectral norm folded, channels last; and its card.

    Raises:
        WeightsError: If the weights are missing, damaged, or made for another architecture.
    """
    path, card = find_weights(weights)
    verify_weights(path, card)
    if card.architecture != (architecture or card.architecture):
        raise WeightsError(
            f"{path}: weights of {card.architecture!r}, not of {architecture!r}; name others, or make some with: "
            f"changen train --model {architecture}"
        )
    if card.architecture not in model_names():
        raise WeightsError(
            f"{path}: weights of {card.architecture!r}, which this changen does not know (it knows "
            f"{', '.join(model_names())}); name others with --weights"
        )
    try:
        network = make_network(card.architecture, card.arguments)
        fold_spectral_norm(network.eval())
        stored = load_file(path)
        network.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    except (TypeError, ChangenError, RuntimeError, SafetensorError) as error:
        raise WeightsError(f"{path}: does not fit its card's architecture: {str(error).splitlines()[0]}") from error
    network.requires_grad_(False)
    return network.to(device).to(memory_format=torch.channels_last), card
