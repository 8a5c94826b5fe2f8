"""Counter-based randomness: every draw is keyed by what it is for, never by when it is made.

What a tile becomes must not depend on batch size, worker count, order, resume or shard count. So there is no generator
that is passed along and advanced; each purpose asks for its own, keyed by (seed, scene, tile, variant, step, purpose).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence

Key = tuple[str | int, ...]
"""What a draw is for, outermost first, for example ``(seed, scene, tile, variant, step, "events")``."""

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class _Words(ISeedSequence):
    """Hands a Philox its key. By its argument ``key`` it would first ask the system for randomness, in twice the time.

    Attributes:
        words: The key, 16 bytes.
    """

    def __init__(self, words: bytes) -> None:
        self.words = words

    def generate_state(self, n_words: int, dtype: Any = np.uint64) -> Any:
        """Returns the key as the two words that a Philox asks for."""
        return np.frombuffer(self.words, "<u8", n_words).astype(dtype)


def generator(*key: str | int) -> np.random.Generator:
    """Returns the random generator that belongs to a key.

    The key is hashed to the 128-bit key of a Philox counter generator, so neighbouring keys give independent streams.

    Args:
        *key: Strings and integers; order and type both count (``1`` and ``"1"`` are other keys).

    Returns:
        A fresh generator; the same key always gives the same stream, on every platform.
    """
    digest = hashlib.blake2b(_encode(key).encode("ascii"), digest_size=16).digest()
    # NumPy's stubs know no seed sequence but its own
    return np.random.Generator(np.random.Philox(_Words(digest)))  # type: ignore[arg-type]
