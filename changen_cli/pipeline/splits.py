"""Which split a scene belongs to: as its folder says, or by shares."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import accumulate

from changen_cli.scenes.source import SceneSource
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
