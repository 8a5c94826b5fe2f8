"""Pictures for people: layouts in colour, and contact sheets. Kept white, created green, removed red."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from skimage.io import imsave

from changen_cli.errors import StoreError
from changen_cli.types import UInt8Array

KEPT, CREATED, REMOVED = (255, 255, 255), (80, 220, 100), (235, 70, 70)
MARGIN = 4


def draw_layouts(before: UInt8Array, after: UInt8Array) -> tuple[UInt8Array, UInt8Array]:
    """Colours two layouts: kept white in both, removed red in the first, created green in the second.

    Args:
        before: S_t, uint8 [H, W].
        after: S_t+1, uint8 [H, W].

    Returns:
        Two uint8 [H, W, 3] images.
    """
    first = np.zeros((*before.shape, 3), np.uint8)
    second = first.copy()
    kept = (before > 0) & (after > 0)
    first[kept] = second[kept] = KEPT
    first[(before > 0) & ~kept] = REMOVED
    second[(after > 0) & ~kept] = CREATED
    return first, second


def draw_history(masks: UInt8Array) -> list[UInt8Array]:
    """Colours the layouts of a series: in each, green is what this step created, red what the next one removes.

    Args:
        masks: S_0 ... S_n, uint8 [T, H, W].

    Returns:
        T images, uint8 [H, W, 3].
    """
    pictures = []
    for time, mask in enumerate(masks):
        picture = np.zeros((*mask.shape, 3), np.uint8)
        picture[mask > 0] = KEPT
        if time > 0:
            picture[(mask > 0) & (masks[time - 1] == 0)] = CREATED
        if time + 1 < len(masks):
            picture[(mask > 0) & (masks[time + 1] == 0)] = REMOVED
        pictures.append(picture)
    return pictures


def as_picture(image: UInt8Array) -> UInt8Array:
    """Turns [3, H, W] into [H, W, 3]."""
    return image.transpose(1, 2, 0)


def assemble(rows: Sequence[Sequence[UInt8Array]]) -> UInt8Array:
    """Joins pictures of one size to a sheet with thin black margins.

    Args:
        rows: Rows of uint8 [H, W, 3] pictures, equally many in each.

    Returns:
        uint8 [rows * (H + margin), columns * (W + margin), 3].
    """
    pad = ((0, MARGIN), (0, MARGIN), (0, 0))
    return np.concatenate([np.concatenate([np.pad(cell, pad) for cell in row], 1) for row in rows])


def write_picture(path: Path, picture: UInt8Array) -> None:
    """Writes a PNG.

    Args:
        path: The file; its folder is made if need be.
        picture: uint8 [H, W, 3].

    Raises:
        StoreError: If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        imsave(path, picture, check_contrast=False)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot write the picture: {error}; choose a writable .png path") from error
