"""Validation of a segmenter: does it read S_t from I_t of crops of held-out scenes?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

import torch
from torch import Tensor

from changen_cli.metrics.base import Metric, Setting
from changen_cli.metrics.change.agreement import buildings
from changen_cli.metrics.registry import find_metrics
from changen_cli.metrics.segmentation import CLASSES
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.crops import Crop, CropSampler
from changen_cli.training.validation.held_out import HeldOut, Predict, draw_held_out, undisturbed
from changen_cli.types import UInt8Array


class SegmenterValidation:
    """The metrics of classes (:mod:`changen_cli.metrics.segmentation`) over the valid pixels of all crops together.

    Attributes:
        columns: Those of the metrics that can be had.
        absent: Why others cannot, by column: no crop has a building, or any background.
        unchanged: Empty, since a segmenter changes no image.
    """

    def __init__(
        self,
        samples: Sequence[Crop],
        noise: Tensor,
        *,
        device: str | torch.device = "cpu",
        batch_size: int = 16,
        metrics: Iterable[Metric] | None = None,
    ) -> None:
        """Keeps the samples.

        Args:
            samples: Held-out crops, the same all through a run.
            noise: float32 [len(samples), noise_dim]; a segmenter takes none, so it has width 0.
            device: A torch device.
            batch_size: Samples the network sees at once.
            metrics: What to compute; all that are installed if None. Those that need something else are left out.

        Raises:
            UsageError: If there are no samples, or not as many noise vectors.
        """
        self._crops = HeldOut(samples, noise, device, batch_size)
        every = find_metrics().values() if metrics is None else metrics
        self._metrics = [metric for metric in every if metric.needs == CLASSES]
        # where everything is seen as it is, what cannot be had is what the crops do not have
        found = self._measure([sample.before for sample in samples])
        self.absent = {c: "no held-out crop has pixels to take it over" for c, value in found.items() if value is None}
        self.columns = tuple(column for column in found if column not in self.absent)
        self.unchanged: Mapping[str, float] = {}

    @classmethod
    def of(cls, config: TrainConfig, crops: CropSampler, device: torch.device) -> Self:
        """Makes the validation that a recipe asks for.

        Args:
            config: The recipe.
            crops: Draws held-out crops.
            device: Where the model is.

        Raises:
            TrainingError: If a streamed scene cannot be read or used.
        """
        return cls(*draw_held_out(crops, config.validation_crops, config.noise_dim), device=device)

    def run(self, predict: Predict) -> dict[str, float]:
        """Computes the metrics; see :meth:`changen_cli.training.validation.base.Validator.run`.

        Args:
            predict: Gives logits of S_t, float [B, classes, H, W].

        Returns:
            A value for every column.

        Raises:
            TrainingError: If a logit is not finite.
        """
        seen: list[UInt8Array] = []
        with undisturbed(self._crops.device):
            for _, logits in self._crops.predictions(predict):
                classes = buildings(logits) if logits.shape[1] == 1 else logits.argmax(1)
                seen.extend(classes.to(torch.uint8).cpu().numpy())
        found = self._measure(seen)
        return {column: math.nan if (value := found[column]) is None else value for column in self.columns}

    def _measure(self, seen: Sequence[UInt8Array]) -> dict[str, float | None]:
        """Compares classes, uint8 [H, W] for each sample, with the truth; returns values by column."""
        values: dict[str, float | None] = {}
        for metric in self._metrics:
            accumulator = metric.make(Setting())
            for sample, found in zip(self._crops.samples, seen, strict=True):
                accumulator.see_classes(found, sample.before, sample.valid)
            result = accumulator.compute()
            values |= {column.name: result.get(column.key) for column in metric.columns}
        return values
