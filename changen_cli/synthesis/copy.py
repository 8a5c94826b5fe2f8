"""The copy synthesizer: I_t+1 = I_t. Not a model; it measures the rest of the pipeline, and checks labels."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from changen_cli.synthesis.base import Batch, SynthesizerSettings


class CopySynthesizer:
    """Returns I_t unchanged; the layouts and labels are those of a full run, the images show no change."""

    name: ClassVar[str] = "copy"
    cpu_bound: ClassVar[bool] = True
    local: ClassVar[bool] = True
    noise_dim = 0

    def __init__(self, settings: SynthesizerSettings) -> None:
        """Makes the synthesizer; no setting matters to it."""
        del settings

    def synthesize(self, batch: Batch) -> Tensor:
        """Returns ``batch.image``."""
        return batch.image

    def as_manifest(self) -> dict[str, object]:
        """Returns its name."""
        return {"name": self.name}
