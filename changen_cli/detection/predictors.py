"""What predicts change in pairs of images: a detector, or a segmenter that reads both dates."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from changen_cli.errors import PluginError, UsageError, WeightsError
from changen_cli.models.detector import Detector
from changen_cli.models.registry import get_model, model_names
from changen_cli.models.segmenter import Segmenter
from changen_cli.models.units import to_pixels
from changen_cli.weights.card import Card, list_cards
from changen_cli.weights.load import load_network

THRESHOLD = 0.5
"""Probability from which a pixel counts as changed where neither the user nor the weights say."""


class Predictor(Protocol):
    """Predicts change.

    Attributes:
        name: Of the weights.
        kind: What it is, in words.
        card: Of the weights.
    """

    name: str
    kind: str
    card: Card

    def __call__(self, before: Tensor, after: Tensor) -> Tensor:
        """Predicts change in a batch of pairs.

        Args:
            before: I_t, uint8 [B, 3, H, W], on the predictor's device, H and W at least
                :data:`~changen_cli.models.units.SMALLEST`.
            after: I_t+1, alike.

        Returns:
            Probability of change, float32 [B, H, W].
        """
        ...


class DetectorPredictor:
    """A change detector."""

    kind = "detector"

    def __init__(self, network: Detector, card: Card) -> None:
        """Keeps a network that is in evaluation mode."""
        self.name, self.card, self._network = card.name, card, network

    @torch.inference_mode()
    def __call__(self, before: Tensor, after: Tensor) -> Tensor:
        """Predicts change; see :class:`Predictor`."""
        logits = self._network(to_pixels(before), to_pixels(after)).change
        probability: Tensor = torch.sigmoid(logits[:, 0].float())
        return probability


class PostClassification:
    """Post-classification comparison: both dates are segmented, and change is where their classes differ.

    With p1 and p2 the probabilities of a class at the two dates, read apart, that of change is the sum over classes of
    p1 (1 - p2): for building and background p1 (1 - p2) + p2 (1 - p1). It needs no pairs to be trained.
    """

    kind = "post-classification"

    def __init__(self, network: Segmenter, card: Card) -> None:
        """Keeps a network that is in evaluation mode."""
        self.name, self.card, self._network = card.name, card, network

    @torch.inference_mode()
    def __call__(self, before: Tensor, after: Tensor) -> Tensor:
        """Predicts change; see :class:`Predictor`."""
        first, second = (self._network(to_pixels(images)).float().softmax(1) for images in (before, after))
        probability: Tensor = (first * (1 - second)).sum(1)
        return probability.clamp_(0, 1)


def load_predictor(weights: str, device: str = "cpu") -> Predictor:
    """Loads what predicts change.

    Args:
        weights: Name or path of weights of a detector, or of a segmenter, which then reads both dates.
        device: A torch device.

    Raises:
        WeightsError: If they are missing or damaged, or of a network that does neither.
    """
    network, card = load_network(weights, device)
    if isinstance(network, Detector):
        return DetectorPredictor(network, card)
    if isinstance(network, Segmenter):
        return PostClassification(network, card)
    raise WeightsError(
        f"{weights}: weights of {card.architecture!r}, which detects no change; name those of a detector, or of a "
        "segmenter (--weights segmenter), whose readings of both dates are compared"
    )


def choose_threshold(wanted: float | None, predictor: Predictor) -> float:
    """Chooses the probability from which a pixel counts as changed.

    Args:
        wanted: What was asked for, 0..1; None for what the card of the weights says, or else :data:`THRESHOLD`.
        predictor: What predicts.
    """
    if wanted is not None:
        return wanted
    return THRESHOLD if predictor.card.threshold is None else predictor.card.threshold


def find_detector() -> str:
    """Names the weights of a detector that can be had by name: those that ship, or that lie in CHANGEN_WEIGHTS.

    Raises:
        UsageError: If there are none, or several and no model says which of them is its own.
        WeightsError: If a card cannot be read.
    """
    detectors = {}
    for model in model_names():
        try:
            record = get_model(model)
        except PluginError:  # one whose package is broken is no reason to refuse the others
            continue
        if issubclass(record.network, Detector):
            detectors[model] = record.weights
    there = [name for name, (_, card) in list_cards().items() if card.architecture in detectors]
    own = [name for name in there if name in detectors.values()] or there
    if len(own) == 1:
        return own[0]
    found = (
        f"there are those of several detectors ({', '.join(own)})" if own else "none of a detector come with changen"
    )
    raise UsageError(
        f"no --weights are named, and {found}; name weights of a detector, or give --weights segmenter, which compares "
        "what a segmenter reads on both dates"
    )
