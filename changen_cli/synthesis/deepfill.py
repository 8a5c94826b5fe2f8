"""DeepFillv2 as a synthesizer: fills the ground of removed objects (section 4.2, "DeepFillv2")."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from changen_cli.models.deepfill import DeepFillGenerator
from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.synthesis.network import NetworkSynthesizer, load_compared
from changen_cli.synthesis.support import removed_ground, require_changes, require_events


class DeepFillSynthesizer(NetworkSynthesizer[DeepFillGenerator]):
    """Runs a pretrained :class:`~changen_cli.models.deepfill.DeepFillGenerator`; shows ``remove`` only.

    Pixels outside the holes stay as they are, bit by bit.

    Attributes:
        noise_dim: 0; the network takes no noise.
    """

    name: ClassVar[str] = "deepfill"

    def __init__(self, settings: SynthesizerSettings) -> None:
        """Loads the generator.

        Args:
            settings: Weights, device, precision, and the events of the run.

        Raises:
            UsageError: If the run asks for another event than ``remove``.
            WeightsError: If the weights are missing, damaged or made for another architecture.
        """
        require_events(self.name, settings.events, "remove")
        generator, card = load_compared(settings, self.name, DeepFillGenerator)
        super().__init__(settings, generator, card, noise_dim=0, classes=None)

    def synthesize(self, batch: Batch) -> Tensor:
        """Fills the ground of removed objects; see :meth:`NetworkSynthesizer.synthesize`."""
        for changes in batch.changes:
            require_changes(self.name, changes, creates=False)
        return super().synthesize(batch)

    def _forward(self, batch: Batch, part: slice) -> Tensor:
        hole = removed_ground(batch.before[part], batch.after[part]).unsqueeze(1)
        return torch.where(hole, super()._forward(batch, part), batch.image[part])

    def _run(self, image: Tensor, before: Tensor, after: Tensor, noise: Tensor) -> Tensor:
        refined: Tensor
        _, refined = self.generator(image, removed_ground(before, after).unsqueeze(1))
        return refined
