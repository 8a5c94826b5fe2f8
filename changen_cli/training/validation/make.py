"""From a recipe to what its model is validated by."""

from __future__ import annotations

import torch

from changen_cli.metrics.networks import load_networks
from changen_cli.models.registry import get_model
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.validation.base import Validator
from changen_cli.training.validation.held_out import draw_held_out, undisturbed
from changen_cli.training.validation.quality import Validation
from changen_cli.training.validation.segmentation import SegmenterValidation

REFERENCES = 2
"""Real crops that the synthesised ones are compared with, for each of these."""

NO_SEGMENTER = (
    "no segmenter is named; train one on real scenes with changen train --model segmenter, pack it with changen "
    "weights pack, and name it in the recipe"
)


def make_validator(config: TrainConfig, crops: CropSampler, device: str) -> Validator:
    """Makes what a model is validated by.

    Args:
        config: The recipe.
        crops: Draws held-out crops.
        device: A torch device.

    Raises:
        WeightsError: If a network that metrics are computed with cannot be loaded.
    """
    model = get_model(config.model)
    count = config.validation_crops
    samples, noise = draw_held_out(crops, count, config.noise_dim)
    if model.kind == "segmenter":
        return SegmenterValidation(samples, noise, device=device)
    with undisturbed(torch.device(device)):  # networks draw while they are made
        networks = load_networks(
            segmenter=config.segmenter or None,
            inception_weights=config.inception_weights or None,
            device=device,
            no_segmenter=NO_SEGMENTER,
        )
    return Validation(
        samples,
        noise,
        networks,
        reference=[crops[k] for k in range(count, (1 + REFERENCES) * count)],
        seed=config.seed,
        shows=model.shows,
    )
