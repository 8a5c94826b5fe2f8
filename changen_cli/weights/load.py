"""From a weights file to a generator that is ready to synthesise."""

from __future__ import annotations

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from changen_cli.errors import ChangenError, WeightsError
from changen_cli.models.changen import ChangenGenerator, GeneratorConfig
from changen_cli.models.layers import fold_spectral_norm
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
    path, card = find_weights(weights)
    verify_weights(path, card)
    if card.architecture != ARCHITECTURE:
        raise WeightsError(
            f"{path}: weights of {card.architecture!r}, not of {ARCHITECTURE!r}; name others with --weights"
        )
    try:
        generator = ChangenGenerator(GeneratorConfig(**card.arguments))
        fold_spectral_norm(generator.eval())
        stored = load_file(path)
        generator.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    except (TypeError, ChangenError, RuntimeError, SafetensorError) as error:
        raise WeightsError(f"{path}: does not fit its card's architecture: {str(error).splitlines()[0]}") from error
    generator.requires_grad_(False)
    return generator.to(device).to(memory_format=torch.channels_last), card
