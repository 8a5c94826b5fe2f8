"""Held-out crops, and what a model in training makes of them, without a trace on the training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from changen_cli import rng
from changen_cli.device import autocast
from changen_cli.errors import TrainingError, UsageError
from changen_cli.training.data.batch import TrainingBatch, make_batch
from changen_cli.training.data.crops import Crop, CropSampler

Predict = Callable[[TrainingBatch], Tensor]
"""Inference of a model; the samples of the batch are numbered from :attr:`TrainingBatch.first` on."""


def draw_held_out(crops: CropSampler, count: int, noise_dim: int) -> tuple[list[Crop], Tensor]:
    """Draws crops and noise that depend on the seed of a run alone, not on how far it is.

    Args:
        crops: Draws the crops.
        count: How many; fewer are the first of more.
        noise_dim: Length of z; 0 for a model without noise.

    Returns:
        The crops, and z of each, float32 [count, noise_dim].

    Raises:
        TrainingError: If a streamed scene cannot be read or used.
        PluginError: If an event fails.
    """
    noise = rng.generator(crops.seed, "val", "noise").standard_normal((count, noise_dim))
    return [crops[k] for k in range(count)], torch.from_numpy(noise.astype("float32"))


class HeldOut:
    """Crops of held-out scenes, the same all through a run.

    Attributes:
        samples: The crops.
        device: Where models see them.
    """

    def __init__(self, samples: Sequence[Crop], noise: Tensor, device: str | torch.device, batch_size: int) -> None:
        """Keeps the crops.

        Args:
            samples: The crops.
            noise: z of each, float32 [len(samples), noise_dim].
            device: A torch device.
            batch_size: Samples a network sees at once.

        Raises:
            UsageError: If there are no samples, or not as many noise vectors.
        """
        if not samples or len(noise) != len(samples):
            raise UsageError(
                f"a validation needs held-out crops and as many noise vectors; it got {len(samples)} and {len(noise)}"
            )
        self.samples, self._noise = samples, noise
        self.device, self._batch_size = torch.device(device), batch_size

    def predictions(self, predict: Predict) -> Iterator[tuple[int, Tensor]]:
        """Lets a model see all crops.

        Args:
            predict: Inference of the model.

        Yields:
            The number of the first sample of a batch, and what the model makes of that batch, float32 [B, ...].

        Raises:
            TrainingError: If that is not finite.
        """
        for first in range(0, len(self.samples), self._batch_size):
            part = slice(first, first + self._batch_size)
            made = predict(make_batch(self.samples[part], self._noise[part], first).to(self.device))
            if not bool(torch.isfinite(made).all()):
                raise TrainingError(
                    f"validation: what the model makes of held-out crops {first} to {first + len(made) - 1} is not "
                    "finite; lower the learning rates or use fp32"
                )
            yield first, made.float()


@contextmanager
def undisturbed(device: torch.device) -> Iterator[None]:
    """Computes without gradients, in float32, and puts random generators, gradient mode and autocast back.

    Args:
        device: Where networks compute.
    """
    # a seed reaches every CUDA device, so the generators of all of them are put back
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices), torch.no_grad(), autocast(device, torch.float32):
        yield
