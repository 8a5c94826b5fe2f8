"""What draws on arrays are keyed by, where a run has the ids of scene and tile."""

from __future__ import annotations

from typing import Annotated

from changen_cli import rng
from changen_cli.options import Ge, Whole

Seed = Annotated[Whole, Ge(0)]
"""Of everything."""

ARRAY = "array"
"""Stands for the scene and the tile."""


def key_of(seed: int) -> rng.Key:
    """Returns the key of all draws of one call: seed, scene, tile and variant."""
    return seed, ARRAY, ARRAY, 0
