"""The crops of a run: those that it trains on, and those that its sheets and validations show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from changen_cli import rng
from changen_cli.reporter import Reporter, Silent
from changen_cli.training.config.options import TrainConfig
from changen_cli.training.data.batch import TrainingBatch, make_batch
from changen_cli.training.data.crops import CropSampler
from changen_cli.training.data.discover import LIMITS, Limits, load_scenes
from changen_cli.training.data.scenes import StreamedScene


@dataclass(frozen=True, slots=True)
class CropBatches:
    """Mini-batches of crops and z: a :class:`~changen_cli.training.data.base.BatchSource`.

    Attributes:
        crops: Draws the crops.
        noise_dim: Length of z.
    """

    crops: CropSampler
    noise_dim: int

    def batch(self, iteration: int, size: int, mine: range) -> TrainingBatch:
        """Makes a mini-batch; see :class:`~changen_cli.training.data.base.BatchSource`."""
        drawn = [self.crops[iteration * size + k] for k in mine]
        draw = rng.generator(self.crops.seed, self.crops.stream, iteration, "noise")
        noise = draw.standard_normal((size, self.noise_dim), np.float32)
        return make_batch(drawn, torch.from_numpy(noise[mine.start : mine.stop]), iteration * size + mine.start)

    def prepare(self, batch: TrainingBatch) -> TrainingBatch:
        """Changes nothing: a crop is whole as it is cut."""
        return batch

    def remarks(self) -> list[str]:
        """Says nothing."""
        return []


@dataclass(frozen=True, slots=True)
class Samplers:
    """What draws the crops of a run.

    Attributes:
        train: Draws what is trained on.
        shown: Draws what sheets show: held-out crops, or other crops of the training scenes where none is held out.
        held_out: Draws what is validated on; None where no scene is held out.
        streamed: Whether scenes are read as they are drawn, and not held in memory.
    """

    train: CropSampler
    shown: CropSampler
    held_out: CropSampler | None
    streamed: bool


def make_samplers(config: TrainConfig, limits: Limits = LIMITS, reporter: Reporter | None = None) -> Samplers:
    """Finds the scenes of a run, and makes what draws crops of them.

    Args:
        config: The recipe.
        limits: How much of the scenes is held in memory.
        reporter: Told which scenes are read, and warned of those of an unsuited ground resolution.

    Returns:
        The samplers.

    Raises:
        TrainingError: If there is no training scene with a building in it, or a scene has a class that the networks
            do not know.
        SceneError: If a scene cannot be read.
        UsageError: If the events cannot be used.
        PluginError: If an event cannot be loaded.
    """
    reporter = reporter or Silent()
    reporter.say(f"reading the scenes of {', '.join(source.path for source in config.data)}")
    scenes, held_out = load_scenes(
        config.data, bare=config.crops.bare_scenes, limits=limits, scale=config.crops.scale, reporter=reporter
    )
    reporter.say(f"{len(scenes)} training scenes, {len(held_out)} held out")
    # the training scenes first: of two that cannot be used, it is theirs that an error names
    train = CropSampler(scenes, config.crops, seed=config.seed, stream="train", classes=config.classes)
    shown = CropSampler(held_out or scenes, config.crops, seed=config.seed, stream="val", classes=config.classes)
    return Samplers(train, shown, shown if held_out else None, isinstance(scenes[0], StreamedScene))
