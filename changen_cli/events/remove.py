"""The event ``remove``: buildings torn down, F_r of section 3.2.1."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np

from changen_cli.events.base import Change, Proposal, Site
from changen_cli.events.choosing import HELP, ClassNumbers, chosen, name_classes
from changen_cli.events.room import Room
from changen_cli.options import Ge, Number, option, options
from changen_cli.scenes.layout import Layout


@options()
class Remove:
    """Removes footprints; the ground is bare afterwards.

    F_r of section 3.2.1 assigns "the background label" to randomly selected instances. Footprints that the tile's edge
    cuts may be removed too. Those whose removal the masks would not show are not: specks, and footprints of which more
    than half lies under others.
    """

    name: ClassVar[str] = "remove"
    kinds: ClassVar[frozenset[str]] = frozenset({"remove"})

    min_area: Annotated[Number, Ge(1)] = option(
        default=4.0, help="Smallest footprint removed, pixels that no other footprint covers."
    )

    classes: ClassNumbers = option(default=None, help=HELP)

    @property
    def categories(self) -> frozenset[int]:
        """The classes of what is removed."""
        return chosen(self.classes)

    def propose(self, layout: Layout, site: Site, rng: np.random.Generator, count: int) -> Proposal:
        """Removes footprints; see :meth:`changen_cli.events.base.Event.propose`."""
        room, categories = Room(layout, site), self.categories
        changes: list[Change] = []
        for i in rng.permutation(len(layout.footprints)):
            footprint = layout.footprints[i]
            if footprint.category not in categories or footprint.uid in site.settled:
                continue
            if room.visible(footprint, self.min_area):
                changes.append(Change(self.name, 0, footprint, None))
                if len(changes) == count:
                    return Proposal(tuple(changes))
        of_class = name_classes(categories)
        return Proposal(
            tuple(changes), f"no more footprints{of_class} of {self.min_area:g} px or more that have not changed yet"
        )
