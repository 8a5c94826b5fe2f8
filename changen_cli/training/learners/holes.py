"""Holes to learn filling with: places for objects that are not there, free-form strokes, boxes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from changen_cli import rng
from changen_cli.models.deepfill.holes import removed_ground
from changen_cli.types import BoolArray

LEAST = 1 / 256
"""Share of a crop that a hole should have; below it there is nothing to learn from."""


def draw_holes(before: Tensor, after: Tensor, seed: int, stream: str, first: int) -> Tensor:
    """Draws a hole for every sample, on ground without buildings where there is any.

    In about half of the samples it has the shape that holes will have in use: the objects that the simulated event
    created stand on ground in I_t, so taking them for removed ones gives footprints, and their surroundings, with
    ground behind. In the others it is free-form strokes (Yu et al. 2019, section 3.3) and boxes.

    Args:
        before: S_t, uint8 [B, H, W]: what the image shows.
        after: S_t+1, uint8 [B, H, W].
        seed: Of the run.
        stream: "train" or "val".
        first: Number of the first sample.

    Returns:
        bool [B, 1, H, W], nowhere empty.
    """
    footprints = removed_ground(after, before).cpu().numpy()
    ground = (before == 0).cpu().numpy()
    holes = [
        _draw(rng.generator(seed, stream, first + k, "hole"), placed, free)
        for k, (placed, free) in enumerate(zip(footprints, ground, strict=True))
    ]
    return torch.from_numpy(np.stack(holes)).unsqueeze(1).to(before.device)


def _draw(draw: np.random.Generator, footprints: BoolArray, ground: BoolArray) -> BoolArray:
    """Draws one hole, bool [H, W]."""
    wants_footprints = draw.random() < 0.5
    if wants_footprints and footprints.mean() >= LEAST:
        return footprints
    hole = np.zeros(ground.shape, bool)
    for _ in range(int(draw.integers(1, 4))):
        (_stroke if draw.random() < 0.5 else _box)(draw, hole)
    on_ground = hole & ground
    return on_ground if on_ground.mean() >= LEAST else hole


def _box(draw: np.random.Generator, hole: BoolArray) -> None:
    """Adds a box with sides of 1/8 to 1/3 of the crop's."""
    height, width = (int(n * draw.uniform(1 / 8, 1 / 3)) for n in hole.shape)
    row, column = (int(draw.integers(n - s + 1)) for n, s in zip(hole.shape, (height, width), strict=True))
    hole[row : row + height, column : column + width] = True


def _stroke(draw: np.random.Generator, hole: BoolArray) -> None:
    """Adds a stroke: a brush that is pulled from corner to corner, turning sharply."""
    side = min(hole.shape)
    rows, columns = np.ogrid[: hole.shape[0], : hole.shape[1]]
    brush = side * draw.uniform(1 / 32, 1 / 12)
    place = draw.uniform(0, 1, 2) * hole.shape
    angle = draw.uniform(0, 2 * np.pi)
    for corner in range(int(draw.integers(2, 7))):
        angle += draw.uniform(0.6, 1.4) * np.pi if corner else 0
        end = np.clip(place + side * draw.uniform(0.05, 0.25) * np.array([np.sin(angle), np.cos(angle)]), 0, side - 1)
        for t in np.linspace(0, 1, 1 + int(np.hypot(*(end - place)) / max(brush / 2, 1))):
            row, column = place + t * (end - place)
            hole |= (rows - row) ** 2 + (columns - column) ** 2 <= brush**2
        place = end
