"""Counter-based randomness: every draw is keyed by what it is for, never by when it is made.

What a tile becomes must not depend on batch size, worker count, order, resume or shard count. So there is no generator
that is passed along and advanced; each purpose asks for its own, keyed by (seed, scene, tile, variant, step, purpose).
"""

from __future__ import annotations

import hashlib
import json

import numpy as np

Key = tuple[str | int, ...]
"""What a draw is for, outermost first, for example ``(seed, scene, tile, variant, step, "events")``."""


def generator(*key: str | int) -> np.random.Generator:
    """Returns the random generator that belongs to a key.

    The key is hashed to the 128-bit key of a Philox counter generator, so neighbouring keys give independent streams.

    Args:
        *key: Strings and integers; order and type both count (``1`` and ``"1"`` are other keys).

    Returns:
        A fresh generator; the same key always gives the same stream, on every platform.
    """
    text = json.dumps(key, ensure_ascii=True, separators=(",", ":"))
    digest = hashlib.blake2b(text.encode("ascii"), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
