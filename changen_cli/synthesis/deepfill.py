"""DeepFillv2 as a synthesizer: fills the ground of removed objects (section 4.2, "DeepFillv2")."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from changen_cli.models.deepfill import MODEL, DeepFillGenerator
from changen_cli.models.deepfill.holes import removed_ground
from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.synthesis.network import NetworkSynthesizer
from changen_cli.synthesis.showing import REMOVE


class DeepFillSynthesizer(NetworkSynthesizer[DeepFillGenerator]):
    """Runs a pretrained DeepFillv2, which paints ground where objects were; shows removed objects only.

    Pixels outside the holes stay as they are, bit by bit.
    """

    name: ClassVar[str] = "deepfill"
    shows: ClassVar[frozenset[str]] = frozenset({REMOVE})
    local: ClassVar[bool] = True

    def __init__(self, settings: SynthesizerSettings) -> None:
        """Loads the generator; see :class:`NetworkSynthesizer`."""
        super().__init__(settings, MODEL)

    def _synthesize(self, batch: Batch) -> Tensor:
        hole = removed_ground(batch.before, batch.after).unsqueeze(1)
        return torch.where(hole, super()._synthesize(batch), batch.image)

    def _run(self, batch: Batch) -> Tensor:
        refined: Tensor
        _, refined = self.generator(batch.pixels, removed_ground(batch.before, batch.after).unsqueeze(1))
        return refined
