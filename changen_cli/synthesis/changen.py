"""The change generator as a synthesizer: I_t+1 = G(S_t+1, I_t, S_t, z), equation (3)."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from changen_cli.device import autocast
from changen_cli.errors import PluginError
from changen_cli.models.changen import MODEL, ChangenGenerator
from changen_cli.models.changen.look_encoder import LookEncoder
from changen_cli.models.units import to_pixels
from changen_cli.synthesis.base import Batch, LookRequest, SynthesizerSettings
from changen_cli.synthesis.network import NetworkSynthesizer


class ChangenSynthesizer(NetworkSynthesizer[ChangenGenerator]):
    """Runs a pretrained change generator: images anew, from the image and the layouts before and after.

    Attributes:
        look_dim: Length of a look; 0 for weights that take one z for an image.
    """

    name: ClassVar[str] = "changen"

    def __init__(self, settings: SynthesizerSettings) -> None:
        """Loads the generator; see :class:`NetworkSynthesizer`."""
        super().__init__(settings, MODEL)
        self.look_dim = 0
        if self.generator.looks is not None:
            self.look_dim, self.noise_dim = self.noise_dim, 0

    def _run(self, batch: Batch) -> Tensor:
        noise = batch.noise if batch.looks is None else batch.looks
        made: Tensor = self.generator(batch.pixels, batch.before, batch.after, noise)
        return made

    @torch.inference_mode()
    def first_looks(self, request: LookRequest) -> Tensor:
        """Reads the looks that are in I_0, and draws the others; see :class:`LooksSynthesizer`."""
        encoder, draws = self._encoder(), request.draws
        batch, regions = draws.source.shape
        step = 1 if self.device.type == "cpu" else batch  # as in synthesize()
        looks = []
        for start in range(0, batch, step):
            rows = slice(start, start + step)
            with autocast(self.device, self.dtype):
                read = encoder(to_pixels(request.image[rows]), request.regions[rows], regions)
            looks.append(encoder.choose(read, draws.part(start, start + step)))
        return torch.cat(looks)

    @torch.inference_mode()
    def draw(self, pick: Tensor, normal: Tensor) -> Tensor:
        """Draws new looks; see :class:`LooksSynthesizer`."""
        return self._encoder().draw(pick, normal)

    @torch.inference_mode()
    def drift(self, ground: Tensor, pick: Tensor, normal: Tensor, amount: float) -> Tensor:
        """Moves the look of the ground; see :class:`LooksSynthesizer`."""
        encoder = self._encoder()
        drawn = encoder.draw(pick[:, None], normal[:, None])[:, 0]
        return encoder.drift(ground, drawn, amount)

    def _encoder(self) -> LookEncoder:
        if self.generator.looks is None:
            raise PluginError(f"the weights {self.card.name!r} take one z for an image and have no looks")
        return self.generator.looks
