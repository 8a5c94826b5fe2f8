"""What is done to a mini-batch of pairs on the device: synthesis, swapped dates, conditions, colour jitter."""

from __future__ import annotations

from dataclasses import replace

import torch

from changen_cli import rng
from changen_cli.conditions.apply import apply_conditions
from changen_cli.conditions.choose import Conditions
from changen_cli.models.units import to_pixels
from changen_cli.training.config.pairs import AugmentOptions
from changen_cli.training.data.jitter import jittered
from changen_cli.training.data.pairs.batch import PairBatch
from changen_cli.training.data.pairs.synthesised import OnTheFly


class Finisher:
    """Finishes pairs. What a pair becomes is a function of the pair and of (seed, stream, its number) alone.

    Attributes:
        fly: Synthesises; None where all pairs are stored.
    """

    def __init__(
        self, fly: OnTheFly | None, conditions: Conditions, augment: AugmentOptions | None, *, seed: int, stream: str
    ) -> None:
        """Keeps what it finishes with.

        Args:
            fly: Synthesises; None where all pairs are stored.
            conditions: What differs between the two dates besides the change; each date has its own draws.
            augment: How pairs are varied; None for pairs to validate on: they are not varied, and only those that are
                synthesised are put under conditions, since real ones were taken under theirs.
            seed: Of everything.
            stream: "train" or "val".
        """
        self.fly, self._conditions, self._augment = fly, conditions, augment
        self._seed, self._stream = seed, stream

    def __call__(self, batch: PairBatch) -> PairBatch:
        """Finishes a batch, or a part of one, on its device.

        Raises:
            ChangenError: If a pair cannot be synthesised for another reason than what it shows.
        """
        images, change, layouts = batch.images, batch.change, batch.layouts
        if self.fly is not None:
            images, failed = self.fly.fill(images, batch.jobs)
            if failed:  # I_t twice: a pair without a change
                change, layouts = change.clone(), layouts.clone()
                for number in failed:
                    change[number] = 0
                    layouts[number, 1] = layouts[number, 0]
        if self._augment is not None and self._augment.swap:
            draws = [rng.generator(*key, "swap").random() for key in self._keys(batch)]
            swapped = torch.tensor([draw < self._augment.swap for draw in draws], device=images.device)
            images = torch.where(swapped[:, None, None, None, None], images.flip(1), images)
            layouts = torch.where(swapped[:, None, None, None], layouts.flip(1), layouts)
        pixels = to_pixels(images.flatten(0, 1)).contiguous()
        keys = [(*key, date) for key in self._keys(batch) for date in ("before", "after")]
        valid = batch.valid.repeat_interleave(2, 0)
        if self._conditions:
            which = [n for n in range(len(keys)) if self._augment is not None or batch.jobs[n // 2] is not None]
            if which:
                rows = torch.tensor(which, device=pixels.device)
                shown = apply_conditions(
                    (pixels[rows] + 1) / 2, self._conditions, [keys[n] for n in which], valid[rows]
                )
                pixels[rows] = 2 * shown - 1
        if self._augment is not None and self._augment.jitter:
            pixels = jittered(pixels, self._augment.jitter, keys)
        # where there is no image there is black
        pixels = torch.where(valid[:, None], pixels, -1.0)
        return replace(
            batch,
            images=images,
            change=change,
            layouts=layouts,
            pixels=pixels.unflatten(0, (len(batch), 2)),
            jobs=(None,) * len(batch),
        )

    def _keys(self, batch: PairBatch) -> list[rng.Key]:
        return [(self._seed, self._stream, batch.first + k) for k in range(len(batch))]
