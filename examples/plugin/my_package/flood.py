# my_package/flood.py
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from changen_cli.events.base import Change, Proposal, Site
from changen_cli.scenes.layout import Layout


@dataclass(frozen=True)
class Flood:
    """Washes away the lowest footprints of a tile."""

    name: ClassVar[str] = "flood"
    share: float = field(default=0.5, metadata={"help": "Lower part of the tile that is under water (0 to 1)."})

    def propose(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        shore = layout.height * (1 - self.share)
        wet = [f for f in layout.footprints if f.uid not in site.settled and f.polygon.centroid.y > shore]
        chosen = [wet[i] for i in rng.permutation(len(wet))[:count]]
        changes = tuple(Change(self.name, 0, before=f, after=None) for f in chosen)
        return Proposal(changes, "" if len(changes) == count else "no more footprints under water")
