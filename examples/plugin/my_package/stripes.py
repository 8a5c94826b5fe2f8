# my_package/stripes.py
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from changen_cli.conditions.base import Draw, Drawn
from changen_cli.conditions.numbers import column
from torch import Tensor


@dataclass(frozen=True)
class Stripes:
    """Lays the stripes of a line scanner over an image."""

    name: ClassVar[str] = "stripes"
    strength: float = field(default=1.0, metadata={"help": "Factor on all of it; 0: not at all."})
    depth: float = field(default=0.05, metadata={"help": "Most that a stripe adds or takes, of 1."})

    def draw(self, rng: np.random.Generator, bands: int) -> Draw:
        return {"depth": rng.uniform(0, self.depth) * self.strength, "phase": rng.uniform(0, 2 * np.pi)}

    def apply(self, images: Tensor, drawn: Drawn) -> Tensor:
        place = torch.arange(images.shape[3], device=images.device)
        stripes = torch.sin(place * 0.9 + column(drawn["phase"], images))
        return images + stripes * column(drawn["depth"], images)
