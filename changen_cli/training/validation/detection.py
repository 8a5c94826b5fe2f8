"""Validation of a detector: does it find the change of held-out pairs?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from changen_cli.errors import TrainingError
from changen_cli.metrics.base import Metric, Setting
from changen_cli.metrics.detection.validation import CHANGE
from changen_cli.metrics.registry import find_metrics
from changen_cli.models.units import to_bytes, to_pixels
from changen_cli.training.data.pairs.batch import PairBatch
from changen_cli.training.data.pairs.sources import PairBatches
from changen_cli.training.validation.held_out import undisturbed
from changen_cli.types import Float32Array

AT_ONCE = 8
"""Pairs that a detector sees at once in a validation."""

Detect: TypeAlias = Callable[[PairBatch], Tensor]
"""Inference of a detector: logits of change, float [B, 1, H, W]."""


def hold_pairs(source: PairBatches, count: int, device: torch.device) -> list[PairBatch]:
    """Draws and finishes pairs that depend on the seed of a run alone, not on how far it is.

    Args:
        source: Draws them.
        count: How many at most; fewer where fewer show all that there is.
        device: Where they are finished.

    Returns:
        Batches of at most :data:`AT_ONCE`, on the host, their images as bytes.

    Raises:
        ChangenError: If a pair cannot be read or synthesised.
    """
    count = min(count, source.enough or count)
    held = []
    for first in range(0, count, AT_ONCE):
        size = min(AT_ONCE, count - first)
        drawn = source.batch(0, count, range(first, first + size))
        finished = source.prepare(drawn.to(device))
        assert finished.pixels is not None, "it was finished"
        images = to_bytes(finished.pixels.flatten(0, 1)).unflatten(0, (size, 2))
        held.append(replace(finished, images=images.contiguous(), pixels=None).to("cpu"))
    return held


def on_device(batches: Iterable[PairBatch], device: torch.device) -> Iterator[PairBatch]:
    """Brings batches of :func:`hold_pairs` to a device, their pixels as networks take them."""
    for batch in batches:
        here = batch.to(device)
        yield replace(here, pixels=to_pixels(here.images.flatten(0, 1)).contiguous().unflatten(0, (len(here), 2)))


class DetectorValidation:
    """The metrics of detected change over the valid pixels of all pairs together.

    Attributes:
        columns: Those of the metrics that can be had.
        absent: Why others cannot, by column.
        unchanged: Empty, since a detector changes no image.
    """

    def __init__(
        self, held: list[PairBatch], *, device: str | torch.device = "cpu", metrics: Iterable[Metric] | None = None
    ) -> None:
        """Keeps the pairs.

        Args:
            held: From :func:`hold_pairs`.
            device: Where the detector is.
            metrics: What to compute; all that are installed if None. Those that need something else are left out.
        """
        self._held, self._device = held, torch.device(device)
        every = find_metrics().values() if metrics is None else metrics
        self._metrics = [metric for metric in every if metric.needs == CHANGE]
        found = self._measure(np.ones(batch.change.shape, np.float32) for batch in held)
        self.absent = {name: "nothing changes in any held-out pair" for name, value in found.items() if value is None}
        self.columns = tuple(name for name in found if name not in self.absent)
        self.unchanged: Mapping[str, float] = {}

    def run(self, predict: Detect) -> dict[str, float]:
        """Computes the metrics; see :meth:`changen_cli.training.validation.base.Validator.run`.

        Args:
            predict: Gives logits of change, float [B, 1, H, W].

        Returns:
            A value for every column.

        Raises:
            TrainingError: If a logit is not finite.
        """
        with undisturbed(self._device):
            found = self._measure(self._probabilities(predict))
        return {name: math.nan if (value := found[name]) is None else value for name in self.columns}

    def _probabilities(self, predict: Detect) -> Iterator[Float32Array]:
        for batch in on_device(self._held, self._device):
            logits = predict(batch)
            if not bool(torch.isfinite(logits).all()):
                raise TrainingError(
                    f"validation: what the detector makes of held-out pairs {batch.first} to "
                    f"{batch.first + len(batch) - 1} is not finite; lower the learning rate or use fp32"
                )
            yield logits.float().sigmoid().squeeze(1).cpu().numpy()

    def _measure(self, probabilities: Iterable[Float32Array]) -> dict[str, float | None]:
        """Compares probabilities, float32 [B, H, W] for each batch, with the labels; returns values by column."""
        accumulators = [metric.make(Setting()) for metric in self._metrics]
        for batch, found in zip(self._held, probabilities, strict=True):
            for probability, change, valid in zip(found, batch.change.numpy(), batch.valid.numpy(), strict=True):
                for accumulator in accumulators:
                    accumulator.see_change(probability, change, valid)
        values: dict[str, float | None] = {}
        for metric, accumulator in zip(self._metrics, accumulators, strict=True):
            result = accumulator.compute()
            values |= {column.name: result.get(column.key) for column in metric.columns}
        return values
