"""SPADE + GPCM as a synthesizer (Table 1): I_t+1 = G(S_t+1, z), without a pre-event image."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from changen_cli.models.spade import SpadeGenerator
from changen_cli.synthesis.base import SynthesizerSettings
from changen_cli.synthesis.network import NetworkSynthesizer, load_compared


class SpadeSynthesizer(NetworkSynthesizer[SpadeGenerator]):
    """Runs a pretrained :class:`~changen_cli.models.spade.SpadeGenerator`: P(I_t | S_t) for every state.

    Attributes:
        noise_dim: Length of z, as the weights have it.
    """

    name: ClassVar[str] = "spade"

    def __init__(self, settings: SynthesizerSettings) -> None:
        """Loads the generator.

        Args:
            settings: Weights, device and precision.

        Raises:
            WeightsError: If the weights are missing, damaged or made for another architecture.
        """
        generator, card = load_compared(settings, self.name, SpadeGenerator)
        super().__init__(settings, generator, card, generator.config.noise_dim, generator.config.classes)

    def _run(self, image: Tensor, before: Tensor, after: Tensor, noise: Tensor) -> Tensor:
        made: Tensor = self.generator(after, noise)
        return made
