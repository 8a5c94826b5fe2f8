"""Pairs of single-date scenes: crops with a simulated change, whose second image is still to be synthesised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from changen_cli import rng
from changen_cli.synthesis.engine import Job
from changen_cli.synthesis.look_plan import NewLooks, plan_looks
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.pairs.batch import PairSample


@dataclass(frozen=True, slots=True)
class SimulatedPairs:
    """Draws crops of scenes and what happens to them; never the same pair twice.

    Sample k of a stream is a function of (seed, stream, k) alone, what is synthesised of it included.

    Attributes:
        crops: Draws the crops, flipped and turned, and simulates.
        noise_dim: Length of z of the synthesizer.
        look_dim: Length of a look; 0 for a synthesizer without looks.
        new_looks: Whose look a new object takes.
        repaint: Share of the objects that stay and have another look in the second image.
    """

    crops: CropSampler
    noise_dim: int
    look_dim: int
    new_looks: NewLooks
    repaint: float = 0.0

    def __getitem__(self, number: int) -> PairSample:
        """Draws sample ``number`` of the stream.

        Raises:
            TrainingError: If a streamed scene cannot be read or used.
            PluginError: If an event fails.
        """
        crop, history = self.crops.draw(number)
        key: rng.Key = (self.crops.seed, self.crops.stream, number)
        masks = np.stack([crop.before, crop.after])
        noise = rng.generator(*key, "z").standard_normal((1, self.noise_dim), np.float32)
        looks = None
        if self.look_dim:
            dim, new = self.look_dim, self.new_looks
            looks = plan_looks(history.standing, crop.instances, dim, new, key, repaint=self.repaint)
        return PairSample(
            images=np.stack([crop.image, crop.image]),
            change=((crop.before > 0) != (crop.after > 0)).astype(np.uint8),
            valid=crop.valid,
            layouts=(masks > 0).astype(np.uint8),
            job=Job(number, crop.image, crop.valid, masks, (crop.changes,), noise, looks),
        )
