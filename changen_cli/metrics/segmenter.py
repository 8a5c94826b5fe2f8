"""Loading the segmenter of the label agreement."""

from __future__ import annotations

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from changen_cli.errors import UsageError, WeightsError
from changen_cli.metrics.agreement import buildings
from changen_cli.models.registry import make_network
from changen_cli.types import BoolArray
from changen_cli.weights.card import Card, find_weights, verify_weights

ARCHITECTURE = "segmenter"


def load_segmenter(weights: str, device: str = "cpu") -> tuple[nn.Module, Card]:
    """Loads a trained segmenter, verified against its card.

    Args:
        weights: Name or path of a safetensors file, as of :func:`find_weights`.
        device: A torch device.

    Returns:
        The segmenter, frozen, in evaluation mode; and its card.

    Raises:
        WeightsError: If the weights are missing, damaged, or not of a segmenter.
    """
    path, card = find_weights(weights)
    verify_weights(path, card)
    if card.architecture != ARCHITECTURE:
        raise WeightsError(
            f"{path}: weights of {card.architecture!r}, not of a segmenter; make some with: changen train --model "
            "segmenter"
        )
    try:
        network = make_network(ARCHITECTURE, card.arguments)
        network.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    except (TypeError, UsageError, RuntimeError, SafetensorError) as error:
        raise WeightsError(f"{path}: does not fit its card's architecture: {str(error).splitlines()[0]}") from error
    network.requires_grad_(False)
    return network.eval().to(device), card


@torch.inference_mode()
def see_buildings(segmenter: nn.Module, images: Tensor) -> BoolArray:
    """Runs a segmenter.

    Args:
        segmenter: As :class:`changen_cli.metrics.agreement.Segmenter`.
        images: uint8 [B, 3, H, W], on its device.

    Returns:
        Where it sees a building, bool [B, H, W].
    """
    seen: BoolArray = buildings(segmenter(images.float() / 127.5 - 1)).cpu().numpy()
    return seen
