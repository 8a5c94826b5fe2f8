"""A fair sample of bounded size from a stream of any length."""

from __future__ import annotations

import hashlib
import heapq

import numpy as np

from changen_cli.types import AnyArray


class Reservoir:
    """Keeps at most ``limit`` rows of a stream, each set of that size as likely as any other.

    Every row has a name; the rows kept are those whose keyed hash of the name is smallest (bottom-k sampling). So what
    is kept depends on the names and the seed alone, not on order or batches, and the same run gives the same sample.

    Attributes:
        limit: Most rows kept.
        seen: Rows offered.
    """

    def __init__(self, limit: int, seed: int = 0) -> None:
        """Makes an empty sample.

        Args:
            limit: Most rows kept, at least 1.
            seed: Key of the hash.
        """
        self.limit = limit
        self.seen = 0
        self._key = seed.to_bytes(8, "little", signed=False)
        self._heap: list[tuple[int, str, AnyArray]] = []

    def add(self, name: str, row: AnyArray) -> None:
        """Offers one row.

        Args:
            name: Unique in the stream.
            row: Kept as it is; every row of a stream has the same shape.
        """
        self.seen += 1
        digest = hashlib.blake2b(name.encode(), digest_size=8, key=self._key).digest()
        # heapq keeps the smallest on top, and the one to give up is the largest
        item = (-int.from_bytes(digest, "little"), name, row)
        if len(self._heap) < self.limit:
            heapq.heappush(self._heap, item)
        elif item[:2] > self._heap[0][:2]:
            heapq.heapreplace(self._heap, item)

    def __len__(self) -> int:
        """Returns how many rows are kept."""
        return len(self._heap)

    def rows(self) -> AnyArray:
        """Returns the rows kept, [len(self), ...], in an order that only names and seed decide."""
        kept = sorted(self._heap, key=lambda item: (-item[0], item[1]))
        return np.stack([row for _, _, row in kept]) if kept else np.empty((0,))
