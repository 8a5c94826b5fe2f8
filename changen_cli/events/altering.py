"""What ``scale``, ``rotate`` and ``relocate`` share: choosing footprints to alter, each at most once a step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely

from changen_cli.events.base import Change, Proposal, Site
from changen_cli.events.choosing import name_classes
from changen_cli.events.geometry import Floats, Outline, Outlines, outline_array
from changen_cli.events.room import Room, search
from changen_cli.scenes.layout import BUILDING, Footprint, Layout


class Alterations:
    """The footprints of a layout that may be altered, and the changes made to them so far.

    Those that may not: settled ones, those whose whole outline is not known (:meth:`Room.whole`), and those hidden
    under others, whose change the masks would not show.

    Attributes:
        room: The free ground.
    """

    def __init__(
        self,
        name: str,
        layout: Layout,
        site: Site,
        rng: np.random.Generator,
        attempts: int,
        categories: frozenset[int] = frozenset({BUILDING}),
    ) -> None:
        """Chooses the footprints.

        Args:
            name: Of the event.
            layout: The layout as it stands.
            site: Where building is allowed.
            rng: The event's source of randomness.
            attempts: Candidates tried for one change.
            categories: Classes of the footprints that may be altered.
        """
        self.room = Room(layout, site)
        self._name = name
        self._rng = rng
        self._attempts = attempts
        whole = self.room.whole(outline_array([f.polygon for f in layout.footprints]))
        self._categories = categories
        self._left = [
            f
            for f, ok in zip(layout.footprints, whole, strict=True)
            if ok and f.uid not in site.settled and f.category in categories
        ]
        self._changes: list[Change] = []

    def make(
        self,
        draw: Callable[[Outlines, Floats], Outlines],
        accept: Callable[[Outline, Outline], bool],
        overlap_own: bool,
    ) -> bool:
        """Makes one change, if it can be made.

        Every footprint is tried before one is tried again.

        Args:
            draw: Given outlines [n] and their centroids, float64 [n, 2], draws where each would be afterwards.
            accept: Given an outline before and after, tells whether that counts as a change.
            overlap_own: Whether the outline after may overlap the one before.

        Returns:
            Whether a change was made.
        """
        if not self._left:
            return False
        rounds = -(-self._attempts // len(self._left))
        queue = np.concatenate([self._rng.permutation(len(self._left)) for _ in range(rounds)])
        taken = 0

        def candidates(n: int) -> tuple[Outlines, list[Footprint | None]]:
            nonlocal taken
            owners: list[Footprint | None] = [self._left[i] for i in queue[taken : taken + n]]
            taken += n
            outlines = outline_array([f.polygon for f in owners if f is not None])
            return draw(outlines, shapely.get_coordinates(shapely.centroid(outlines))), owners

        def counts(after: Outline, owner: Footprint | None) -> bool:
            return owner is not None and accept(owner.polygon, after) and self.room.visible(owner, 1)

        outline, before = search(self.room, self._attempts, candidates, counts, overlap_own) or (None, None)
        if outline is None or before is None:
            return False
        self._left.remove(before)
        self._changes.append(Change(self._name, 0, before, Footprint(before.uid, outline, before.category)))
        return True

    def proposal(self, short: str = "") -> Proposal:
        """Returns the changes made.

        Args:
            short: Why there are fewer than wanted, where footprints were left to try; empty if there are not fewer.
        """
        if short and not self._left:
            of_class = name_classes(self._categories)
            short = f"no more footprints{of_class}, whole within the allowed ground, that have not changed yet"
        return Proposal(tuple(self._changes), short)
