"""Which split a scene, or a part of one, belongs to: as its folder says, or by shares."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from itertools import accumulate

from changen_cli.scenes.areas import AreaGrid, area_side, cut_areas
from changen_cli.scenes.source import SceneSource
from changen_cli.scenes.window import TileGrid
from changen_cli.types import Split


def share_out(sources: Sequence[SceneSource], shares: tuple[float, float, float], seed: int) -> tuple[Split, ...]:
    """Gives every scene its split: as its folder says, else by shares over the scenes in an order hashed from the id.

    A scene is never cut: tiles of one place in two splits would let a detector remember it.

    Args:
        sources: The scenes.
        shares: Of train, val and test; any positive scale.
        seed: Of the order.

    Returns:
        A split for each scene. With few scenes the shares cannot be met, and train comes first.
    """

    def rank(index: int) -> bytes:
        return hashlib.blake2b(f"{seed}/{sources[index].id}".encode()).digest()

    free = sorted((i for i, s in enumerate(sources) if s.split is None), key=rank)
    splits = [s.split or Split.TRAIN for s in sources]
    bounds = [end / sum(shares) * len(free) for end in accumulate(shares)]
    for position, index in enumerate(free):
        # the middle of the scene's place on the line decides, so that one scene alone is a training scene
        ends = zip(Split, bounds, strict=True)
        splits[index] = next((split for split, end in ends if position + 0.5 <= end), Split.TEST)
    return tuple(splits)


AREAS = 2
"""Areas of a scene that the smallest split should get, where a scene is shared out by area."""


def share_area(tiles: TileGrid, scene: str, shares: tuple[float, float, float], seed: int) -> AreaGrid:
    """Shares out the area of one scene: parts of it, in an order hashed from their places.

    Areas are as large as they can be for the smallest split to get :data:`AREAS` of them, so that few tiles of one
    split lie beside those of another. Every split with a share gets an area before one gets its second, as far as there
    are areas; train comes first.

    Args:
        tiles: The tiles that the scene has anyway.
        scene: Its id.
        shares: Of train, val and test; any positive scale.
        seed: Of the order.

    Returns:
        The tiles by area, and a split for each.
    """
    wanted = [share / sum(shares) for share in shares]
    side = area_side(tiles, math.ceil(AREAS / min(share for share in wanted if share)))
    areas = cut_areas(tiles, side)
    counts = _counts(len(areas), wanted)
    order = sorted(
        range(len(areas)), key=lambda k: hashlib.blake2b(f"{seed}/{scene}/{areas[k].tile_id}".encode()).digest()
    )
    splits = [Split.TRAIN] * len(areas)
    named = (split for split, count in zip(Split, counts, strict=True) for _ in range(count))
    for index, split in zip(order, named, strict=True):
        splits[index] = split
    return AreaGrid(tiles, side, tuple(splits))


def _counts(areas: int, wanted: list[float]) -> list[int]:
    """Shares out areas: each next one goes to the split that has least of what it should have."""
    counts = [0] * len(wanted)
    for _ in range(areas):
        having = [count / share if share else math.inf for count, share in zip(counts, wanted, strict=True)]
        counts[having.index(min(having))] += 1
    return counts
