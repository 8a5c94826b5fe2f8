"""OASIS + GPCM and SPADE + GPCM as synthesizers (Table 1): I_t+1 = G(S_t+1, z), without a pre-event image."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from changen_cli.models import oasis, spade
from changen_cli.models.base import Model
from changen_cli.models.spade.decoder import LabelDecoder
from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.synthesis.network import NetworkSynthesizer


class LabelMapSynthesizer(NetworkSynthesizer[LabelDecoder]):
    """Runs a pretrained network that makes images from label maps alone: P(I_t | S_t) for every state."""

    model: ClassVar[Model[LabelDecoder]]

    def __init__(self, settings: SynthesizerSettings) -> None:
        """Loads the generator; see :class:`NetworkSynthesizer`."""
        super().__init__(settings, self.model)

    def _run(self, batch: Batch) -> Tensor:
        made: Tensor = self.generator(batch.after, batch.noise)
        return made


class OasisSynthesizer(LabelMapSynthesizer):
    """Runs a pretrained OASIS, which makes every image from its layout alone."""

    name: ClassVar[str] = "oasis"
    model: ClassVar[Model[LabelDecoder]] = oasis.MODEL


class SpadeSynthesizer(LabelMapSynthesizer):
    """Runs a pretrained SPADE, which makes every image from its layout alone."""

    name: ClassVar[str] = "spade"
    model: ClassVar[Model[LabelDecoder]] = spade.MODEL
