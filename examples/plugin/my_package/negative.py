# my_package/negative.py
from typing import Any, ClassVar

from changen_cli.synthesis.base import Batch, SynthesizerSettings
from torch import Tensor


class Negative:
    """Turns bright into dark at every step."""

    name: ClassVar[str] = "negative"
    shows: ClassVar[frozenset[str]] = frozenset({"create", "remove"})  # which changes its images can show
    cpu_bound: ClassVar[bool] = True  # it computes with no network, so that worker processes pay
    noise_dim = 0  # numbers of z that it draws its looks from

    def __init__(self, settings: SynthesizerSettings) -> None:
        self.settings = settings

    def synthesize(self, batch: Batch) -> Tensor:
        return 255 - batch.image

    def as_manifest(self) -> dict[str, Any]:
        return {"name": self.name, "licence": "CC0-1.0"}
