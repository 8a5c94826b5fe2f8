"""Covers objects with ground from elsewhere on a crop: an image of the place before they were built."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from changen_cli.types import BoolArray, UInt8Array

AROUND = 6
"""Pixels around an object that are covered with it: shadows, eaves, footprints that are off."""

TRIES = 40
"""Places looked at for ground of the same shape before the best of them is taken."""

FEATHER = 2.0
"""Deviation of the blur of a cover's edge, pixels."""


def cover(image: UInt8Array, gone: BoolArray, occupied: BoolArray, draw: np.random.Generator) -> UInt8Array:
    """Covers objects with ground of the same shape from elsewhere on the crop.

    Args:
        image: uint8 [3, H, W].
        gone: Pixels of the objects, bool [H, W].
        occupied: Pixels that are no ground to copy, those of the objects among them, bool [H, W].
        draw: Chooses the places.

    Returns:
        uint8 [3, H, W]: a copy; objects next to each other are covered as one. Ground is copied from the place with the
        fewest occupied pixels among those looked at.
    """
    covered = image.astype(np.float32)
    grown = ndimage.binary_dilation(gone, iterations=AROUND)
    labels, _ = ndimage.label(grown)
    height, width = gone.shape
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        rows, columns = box
        inside = labels[box] == number
        tall, wide = inside.shape
        best, fewest = (rows.start, columns.start), float("inf")
        for _ in range(TRIES):
            row, column = (int(draw.integers(n)) for n in (height - tall + 1, width - wide + 1))
            blocked = (occupied | grown)[row : row + tall, column : column + wide]
            count = float((blocked & inside).sum())
            if count < fewest:
                best, fewest = (row, column), count
            if not fewest:
                break
        alpha = ndimage.gaussian_filter(inside.astype(np.float32), FEATHER)
        alpha = np.where(gone[box] & inside, 1, np.where(inside, np.minimum(2 * alpha, 1), 0)).astype(np.float32)
        row, column = best
        ground = image[:, row : row + tall, column : column + wide].astype(np.float32)
        patch = covered[:, rows, columns]
        covered[:, rows, columns] = patch + alpha * (ground - patch)
    result: UInt8Array = covered.round().astype(np.uint8)
    return result
