# my_package/south.py
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from changen_cli.events.geometry import Outline
from changen_cli.events.places.base import Ground


@dataclass(frozen=True)
class South:
    """Keeps new objects in the south of a tile."""

    name: ClassVar[str] = "south"
    share: float = field(default=0.5, metadata={"help": "Lower part of the tile that they stand in (0 to 1)."})

    def accept(self, outline: Outline, ground: Ground, rng: np.random.Generator) -> bool:
        return outline.bounds[1] >= ground.layout.height * (1 - self.share)

    def lacks(self, ground: Ground) -> str:
        return ""  # there is a south everywhere
