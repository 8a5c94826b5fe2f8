"""Loading the segmenter of the label agreement."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from changen_cli.metrics.change.agreement import buildings
from changen_cli.models.segmenter import MODEL
from changen_cli.models.units import to_pixels
from changen_cli.types import BoolArray
from changen_cli.weights.card import Card
from changen_cli.weights.load import load_network


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
    return load_network(weights, device, MODEL)


@torch.inference_mode()
def see_buildings(segmenter: nn.Module, images: Tensor) -> BoolArray:
    """Runs a segmenter.

    Args:
        segmenter: As :class:`changen_cli.metrics.change.agreement.Segmenter`.
        images: uint8 [B, 3, H, W], on its device.

    Returns:
        Where it sees a building, bool [B, H, W].
    """
    seen: BoolArray = buildings(segmenter(to_pixels(images))).cpu().numpy()
    return seen
