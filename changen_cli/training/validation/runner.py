"""The validations of a run: when there is one its figures are logged, and the best so far is kept."""

from __future__ import annotations

from pathlib import Path

import torch

from changen_cli import rng
from changen_cli.metrics.networks import load_networks
from changen_cli.models.registry import get_model
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.learners import Learner
from changen_cli.training.run.checkpoint import save_checkpoint
from changen_cli.training.validation.base import Validator, in_words, remarks
from changen_cli.training.validation.best import BEST, ValidationLog
from changen_cli.training.validation.held_out import undisturbed
from changen_cli.training.validation.quality import Validation
from changen_cli.training.validation.segmentation import SegmenterValidation

REFERENCES = 2
"""Real crops that the synthesised ones are compared with, for each of these."""

NO_SEGMENTER = (
    "no segmenter is named; train one on real scenes with changen train --model segmenter, pack it with changen "
    "weights pack, and name it in the recipe"
)


class Validations:
    """What validates a run every so often: ``validation.csv`` and ``best.ckpt``.

    Attributes:
        remarks: What a user should know before the first one: a line for each reason why figures are absent, the rule
            of the best, and the figures of images that stay as they are.
    """

    def __init__(self, folder: Path, config: TrainConfig, crops: CropSampler, done: int, device: str) -> None:
        """Looks at the held-out crops and opens the log.

        Args:
            folder: The run's folder; there.
            config: The recipe.
            crops: Draws held-out crops; the first ``validation_crops`` are validated on, those after them stand for
                reality.
            done: Iterations done; what was logged of later ones is dropped.
            device: A torch device.

        Raises:
            TrainingError: If the log has other figures than this validation.
            WeightsError: If a network that judges cannot be loaded.
            OSError: If the log cannot be written.
        """
        self._folder, self._config = folder, config
        validator = make_validator(config, crops, device)
        self._validator = validator
        self._log = ValidationLog(folder, done, validator.columns)
        unchanged = validator.unchanged
        self.remarks = [
            *(f"no {line}" for line in remarks(validator.absent)),
            f"kept as {BEST}: {self._log.best.rule}",
            *([f"images that stay as they are would have {in_words(unchanged)}"] if unchanged else []),
        ]

    def run(self, iteration: int, learner: Learner) -> str:
        """Validates the moving average; a kill at any moment repeats the same decision.

        Args:
            iteration: Iterations done.
            learner: The model.

        Returns:
            What it found, for the user.

        Raises:
            TrainingError: If an image is not finite, or the checkpoint cannot be written.
            OSError: If the log cannot be written.
        """
        figures = self._validator.run(learner.imagine)
        best = self._log.best.consider(iteration, figures)
        if best:
            save_checkpoint(self._folder / BEST, iteration, learner, self._config)
        self._log.write(iteration, figures, best)
        return f"validation at {iteration}: {in_words(figures)}{', the best so far' if best else ''}"

    def close(self) -> None:
        """Closes the log."""
        self._log.close()


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
    samples = [crops[k] for k in range(count)]
    draw = rng.generator(config.seed, "val", "noise").standard_normal((count, config.noise_dim))
    noise = torch.from_numpy(draw.astype("float32"))
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
