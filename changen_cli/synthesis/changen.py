"""The change generator as a synthesizer: I_t+1 = G(S_t+1, I_t, S_t, z), equation (3)."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from changen_cli.models.changen import ChangenGenerator
from changen_cli.synthesis.base import SynthesizerSettings
from changen_cli.synthesis.network import NetworkSynthesizer
from changen_cli.weights.card import DEFAULT
from changen_cli.weights.load import load_generator


class ChangenSynthesizer(NetworkSynthesizer[ChangenGenerator]):
    """Runs a pretrained :class:`~changen_cli.models.changen.ChangenGenerator`.

    Attributes:
        noise_dim: Length of z, as the weights have it.
    """

    name: ClassVar[str] = "changen"

    def __init__(self, settings: SynthesizerSettings) -> None:
        """Loads the generator.

        Args:
            settings: Weights, device and precision.

        Raises:
            WeightsError: If the weights are missing, damaged or made for another architecture.
        """
        generator, card = load_generator(settings.weights or DEFAULT, settings.device)
        super().__init__(settings, generator, card, generator.config.noise_dim, generator.config.classes)

    def _run(self, image: Tensor, before: Tensor, after: Tensor, noise: Tensor) -> Tensor:
        made: Tensor = self.generator(image, before, after, noise)
        return made
