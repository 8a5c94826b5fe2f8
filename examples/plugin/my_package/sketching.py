# my_package/sketching.py
from typing import ClassVar

from changen_cli.synthesis.base import Batch, SynthesizerSettings
from changen_cli.synthesis.network import NetworkSynthesizer
from torch import Tensor

from my_package.sketch import MODEL, Sketch


class SketchSynthesizer(NetworkSynthesizer[Sketch]):
    """Runs the trained network; weights, device, precision and bytes are the base's business."""

    name: ClassVar[str] = "sketch"
    shows: ClassVar[frozenset[str]] = MODEL.shows

    def __init__(self, settings: SynthesizerSettings) -> None:
        super().__init__(settings, MODEL)

    def _run(self, batch: Batch) -> Tensor:
        return self.generator(batch.pixels, batch.before != batch.after, batch.after)
