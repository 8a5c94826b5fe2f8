"""z of the paper, for synthesizers without looks. Worker processes import this; it must not import torch."""

from __future__ import annotations

import numpy as np

from changen_cli import rng
from changen_cli.types import Float32Array


def draw_noise(key: rng.Key, steps: int, size: int) -> Float32Array:
    """Draws z of every step, each from its own stream.

    Args:
        key: Seed, scene, tile and variant.
        steps: n.
        size: Length of z; 0 for a synthesizer that takes none.

    Returns:
        float32 [steps, size].
    """
    draws = [rng.generator(*key, step, "noise") for step in range(1, steps + 1)]
    return np.stack([draw.standard_normal(size, np.float32) for draw in draws])
