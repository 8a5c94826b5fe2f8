"""Learners on crops of single-date scenes: what networks of images and layouts have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

from torch import Tensor

from changen_cli.reporter import Reporter
from changen_cli.reports.contact_sheet import Row
from changen_cli.training import losses
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.base import Sources
from changen_cli.training.data.batch import TrainingBatch, with_counts
from changen_cli.training.data.crops import Crop, CropSampler
from changen_cli.training.data.discover import Limits
from changen_cli.training.data.samplers import CropBatches, make_samplers
from changen_cli.training.learners.base import Learner
from changen_cli.training.validation.held_out import draw_held_out


class SceneLearner(Learner[TrainConfig, TrainingBatch, CropSampler]):
    """A model that learns from crops with a simulated change.

    Attributes:
        balances: Whether a loss weighs classes by their frequency in the mini-batch.
    """

    balances: ClassVar[bool] = False

    @abstractmethod
    def show(self, samples: Sequence[Crop], noise: Tensor) -> list[Row]:
        """Shows what the moving average predicts.

        Args:
            samples: What to show.
            noise: z, float32 [len(samples), noise_dim].

        Returns:
            A row of pictures for each sample.
        """

    @classmethod
    def sources(
        cls, config: TrainConfig, limits: Limits, device: str, reporter: Reporter
    ) -> Sources[TrainingBatch, CropSampler]:
        """Finds the scenes of a run; see :func:`~changen_cli.training.data.samplers.make_samplers`."""
        del device
        found = make_samplers(config, limits, reporter)
        return Sources(CropBatches(found.train, config.noise_dim), found.shown, found.held_out, found.streamed)

    def sheet(self, shown: CropSampler, rows: int) -> Callable[[], list[Row]]:
        """Draws crops, the same ones all through a run."""
        samples, noise = draw_held_out(shown, rows, self.config.noise_dim)
        return lambda: self.show(samples, noise)

    def step(self, *parts: TrainingBatch) -> dict[str, Tensor]:
        """Trains every network once: lines 4 to 6 of Algorithm 1; see :meth:`Learner.step`."""
        if self.balances and self.config.balance and (self._fabric is not None or len(parts) > 1):
            parts = tuple(with_counts(parts, self.config.classes, self._fabric))
        return super().step(*parts)

    def balance(self, batch: TrainingBatch) -> tuple[Tensor, Tensor] | tuple[None, None]:
        """Weighs the classes of S_t and of S_t+1 by their inverse frequency in the whole mini-batch, if asked for.

        Returns:
            Weights for :func:`~changen_cli.training.losses.labelled_loss`, or None twice.
        """
        if not self.config.balance:
            return None, None
        before, after = batch.count_classes(self.config.classes) if batch.counts is None else batch.counts
        return losses.class_weights(before), losses.class_weights(after)

    def reset_rates(self) -> None:
        """Gives the optimizers the recipe's rates again."""
        rates = (self.config.lr_generator, self.config.lr_discriminator)
        for optimizer, rate in zip(self.optimizers, rates, strict=False):
            for group in optimizer.param_groups:
                group.update(lr=rate, betas=self.config.betas)
