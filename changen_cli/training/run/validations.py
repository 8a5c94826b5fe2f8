"""The validations of a run: when there is one its metrics are logged, and the best so far is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from changen_cli.training.config.run import RunOptions
from changen_cli.training.learners.base import AnyLearner
from changen_cli.training.run.checkpoint import BEST, save_checkpoint
from changen_cli.training.run.log import BEST_SO_FAR, VALIDATION, MetricLog
from changen_cli.training.validation.base import Validator, in_words, remarks
from changen_cli.training.validation.best import BestSoFar


class Validations:
    """What validates a run every so often: ``validation.csv`` and ``best.ckpt``.

    Attributes:
        remarks: What a user should know before the first one: a line for each reason why metrics are absent, the rule
            of the best, and the metrics of images that stay as they are.
    """

    def __init__(self, folder: Path, config: RunOptions, validator: Validator[Any], done: int) -> None:
        """Opens the log.

        Args:
            folder: The run's folder; there.
            config: The recipe.
            validator: Computes the metrics.
            done: Iterations done; what was logged of later ones is dropped.

        Raises:
            TrainingError: If the log has other metrics than this validation, or cannot be written.
        """
        self._folder, self._config, self._validator = folder, config, validator
        columns = (*validator.columns, BEST_SO_FAR)
        self._log = MetricLog(folder / VALIDATION, columns, done, folder / "tensorboard" / "validation")
        self._best = BestSoFar(validator.columns)
        for row in self._log.rows:
            self._best.consider(row.iteration, {name: row.values[name] for name in validator.columns})
        unchanged = validator.unchanged
        self.remarks = [
            *(f"no {line}" for line in remarks(validator.absent)),
            f"kept as {BEST}: {self._best.rule}",
            *([f"images that stay as they are would have {in_words(unchanged)}"] if unchanged else []),
        ]

    def run(self, iteration: int, learner: AnyLearner) -> str:
        """Validates the EMA of the weights; a kill at any moment repeats the same decision.

        Args:
            iteration: Iterations done.
            learner: The model.

        Returns:
            What it found, for the user.

        Raises:
            TrainingError: If a prediction is not finite, or the checkpoint or the log cannot be written.
        """
        values = self._validator.run(learner.predict)
        best = self._best.consider(iteration, values)
        if best:  # before its row, which says that the checkpoint is there
            save_checkpoint(self._folder / BEST, iteration, learner, self._config)
        self._log.write(iteration, {**values, BEST_SO_FAR: best})
        return f"validation at {iteration}: {in_words(values)}{', the best so far' if best else ''}"

    def close(self) -> None:
        """Closes the log."""
        self._log.close()
