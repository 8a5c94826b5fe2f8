"""Synthesises the second image of pairs on the device, between the data loader and the detector."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from changen_cli.device import autocast
from changen_cli.errors import TileError
from changen_cli.events.schedule import Schedule
from changen_cli.synthesis.base import SynthesizerSettings, look_dim_of
from changen_cli.synthesis.engine import Engine, Job, choose_batch_size
from changen_cli.synthesis.load import load_synthesizer
from changen_cli.synthesis.look_plan import choose_drift, choose_weights
from changen_cli.synthesis.transfer import make_transfer
from changen_cli.training.config.pairs import SynthesisOptions
from changen_cli.types import UInt8Array


class OnTheFly:
    """Runs any synthesizer on the pairs of a mini-batch that need it.

    Attributes:
        engine: Runs it.
        noise_dim: Length of z.
        look_dim: Length of a look; 0 for a synthesizer without looks.
        pairs: Pairs made so far.
        seconds: How long that took, until the images were on the host.
        failed: Pairs that the synthesizer could not make; they were trained on as pairs without a change.
    """

    def __init__(self, options: SynthesisOptions, schedule: Schedule, device: str, precision: str) -> None:
        """Loads the synthesizer. PyTorch's random generators are left as they were.

        Args:
            options: Which one, and how.
            schedule: The events whose changes it is to show.
            device: A resolved torch device.
            precision: A resolved precision.

        Raises:
            PluginError: If the synthesizer is not installed or cannot be loaded.
            UsageError: If it cannot show what an event does.
            WeightsError: If its weights cannot be used.
        """
        asked = (options.drift, options.new_looks, options.repaint)
        weights = choose_weights(options.weights, options.synthesizer, looks=any(value is not None for value in asked))
        settings = SynthesizerSettings(weights, device, precision)
        synthesizer = load_synthesizer(options.synthesizer, settings, schedule)
        size = choose_batch_size("auto", device)
        self.noise_dim, self.look_dim = synthesizer.noise_dim, look_dim_of(synthesizer)
        drift = choose_drift(options.drift, options.background, self.look_dim)
        self.engine = Engine(synthesizer, make_transfer(device), size, options.background, drift)
        self.device = torch.device(device)
        self.pairs, self.seconds, self.failed = 0, 0.0, 0

    def fill(self, images: Tensor, jobs: Sequence[Job[int] | None]) -> tuple[Tensor, list[int]]:
        """Synthesises the second images.

        Args:
            images: uint8 [B, 2, 3, S, S]; not changed.
            jobs: One for each pair; None for one that has both images.

        Returns:
            The images with I_t+1 in its place; and which pairs could not be made, and have I_t twice.

        Raises:
            ChangenError: As the engine does.
        """
        numbered = [replace(job, tag=number) for number, job in enumerate(jobs) if job is not None]
        if not numbered:
            return images, []
        begun = time.monotonic()
        made: dict[int, UInt8Array] = {}
        failed: list[int] = []
        # a network that is trained computes in its own precision, and this one in that of its settings
        with autocast(self.device, torch.float32):
            for number, frames in self.engine.run(numbered):
                if isinstance(frames, TileError):
                    failed.append(number)
                else:
                    made[number] = frames.images[1]
        self.pairs += len(numbered)
        self.seconds += time.monotonic() - begun
        self.failed += len(failed)
        filled = images.clone()
        if made:
            after = torch.from_numpy(np.stack(list(made.values()))).to(images.device)
            filled[torch.tensor(list(made), device=images.device), 1] = after
        return filled, failed

    @property
    def rate(self) -> float:
        """Pairs a second that it makes."""
        return self.pairs / max(self.seconds, 1e-9)

    @property
    def remark(self) -> str:
        """Says what was made, how fast, and what could not be."""
        name = self.engine.synthesizer.name
        failed = f"; {self.failed} could not be made, and had no change" if self.failed else ""
        return f"{self.pairs} pairs synthesised on the fly by {name}, {self.rate:.1f} in each second of that{failed}"
