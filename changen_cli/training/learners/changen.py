"""Changen: bitemporal adversarial learning (Algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torch.optim import Adam

from changen_cli.models.changen import ChangenGenerator
from changen_cli.models.oasis import SegmentationDiscriminator
from changen_cli.training.batch import TrainingBatch
from changen_cli.training.config import TrainConfig
from changen_cli.training.data import Sample
from changen_cli.training.learners.base import Learner, placed
from changen_cli.training.sheets import Rows, as_batch, change_rows
from changen_cli.training.step import Players, train_step


class ChangenLearner(Learner):
    """P(I_t+1 | S_t+1, I_t): G against the segmentation discriminator and, with ``projected``, the projected heads.

    Attributes:
        players: The networks and optimizers, by name.
    """

    columns: ClassVar[tuple[str, ...]] = (
        "g_segmentation", "g_projected", "d_real", "d_fake", "d_projected", "d_real_right", "d_fake_right",
    )  # fmt: skip

    def __init__(self, config: TrainConfig, device: str, precision: torch.dtype) -> None:
        """Makes fresh networks; arguments as for :func:`~changen_cli.training.learners.make_learner`."""
        self.players = players = make_players(config, device)
        optimizers = (players.generator_optimizer, players.discriminator_optimizer)
        super().__init__(config, precision, players.generator, players.judges(), optimizers)

    def step(self, batch: TrainingBatch) -> dict[str, Tensor]:
        """Lines 4 to 6 of Algorithm 1."""
        return train_step(self.players, batch, self.config, self.precision)

    @torch.inference_mode()
    def show(self, samples: Sequence[Sample], noise: Tensor) -> Rows:
        """I_t, S_t, S_t+1, I~_t+1."""
        batch = as_batch(samples, noise, self.device)
        made = self.average.network(batch.image, batch.before, batch.after, batch.noise)
        return change_rows(samples, made)


def make_players(config: TrainConfig, device: str) -> Players:
    """Makes fresh networks and their optimizers (Adam, section 4.1)."""
    generator = placed(ChangenGenerator(config.generator), device)
    discriminator = placed(SegmentationDiscriminator(config.discriminator), device)
    judged = list(discriminator.parameters())
    projected = None
    if config.projected > 0:
        from changen_cli.models.projected import ProjectedDiscriminator  # needs the extra "train"

        projected = placed(ProjectedDiscriminator(config.classes), device)
        judged += list(projected.heads.parameters())
    return Players(
        generator=generator,
        discriminator=discriminator,
        projected=projected,
        generator_optimizer=Adam(generator.parameters(), config.lr_generator, config.betas),
        discriminator_optimizer=Adam(judged, config.lr_discriminator, config.betas),
    )
