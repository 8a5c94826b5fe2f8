"""The change generator as a synthesizer: I_t+1 = G(S_t+1, I_t, S_t, z), equation (3)."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from changen_cli.models.changen import MODEL, ChangenGenerator
from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.synthesis.network import NetworkSynthesizer


class ChangenSynthesizer(NetworkSynthesizer[ChangenGenerator]):
    """Runs a pretrained :class:`~changen_cli.models.changen.ChangenGenerator`."""

    name: ClassVar[str] = "changen"

    def __init__(self, settings: SynthesizerSettings) -> None:
        """Loads the generator; see :class:`NetworkSynthesizer`."""
        super().__init__(settings, MODEL)

    def _run(self, batch: Batch) -> Tensor:
        made: Tensor = self.generator(batch.pixels, batch.before, batch.after, batch.noise)
        return made
