"""Pictures for people: layouts in colour, written as PNG. Kept white, created green, removed red."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from changen_cli.errors import StoreError
from changen_cli.files import write_whole
from changen_cli.types import BoolArray, UInt8Array

KEPT, CREATED, REMOVED = (255, 255, 255), (80, 220, 100), (235, 70, 70)
FOUND, MISSED, FALSE, UNKNOWN = (255, 255, 255), (235, 70, 70), (250, 205, 50), (90, 90, 90)


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


def draw_found(found: BoolArray, change: UInt8Array, valid: BoolArray) -> UInt8Array:
    """Colours detected change: found white, missed red, false yellow; what is not valid is grey.

    Args:
        found: Where change is detected, bool [H, W].
        change: Where there is some, uint8 [H, W], not 0.
        valid: bool [H, W].

    Returns:
        uint8 [H, W, 3].
    """
    picture = np.zeros((*found.shape, 3), np.uint8)
    changed = change != 0
    picture[found & changed] = FOUND
    picture[~found & changed] = MISSED
    picture[found & ~changed] = FALSE
    picture[~valid] = UNKNOWN
    return picture


def as_picture(image: UInt8Array) -> UInt8Array:
    """Turns [3, H, W] into [H, W, 3]."""
    return image.transpose(1, 2, 0)


def write_picture(path: Path, picture: UInt8Array) -> None:
    """Writes a PNG, whole or not at all.

    Args:
        path: The file, whose name ends in ``.png``; its folder is made if need be.
        picture: uint8 [H, W, 3].

    Raises:
        StoreError: If it cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise StoreError(f"{path}: cannot write the picture: its name is not that of a PNG; choose a .png path")
    write_whole(path, _png(picture))


def picture_uri(picture: UInt8Array) -> str:
    """Returns a picture, uint8 [H, W, 3], as a ``data:`` address of a PNG."""
    return "data:image/png;base64," + base64.b64encode(_png(picture, optimize=True)).decode("ascii")


def as_uri(picture: Image.Image, format: str, **how: object) -> str:
    """Returns a picture as a ``data:`` address.

    Args:
        picture: In any mode that the format has.
        format: Of Pillow: "PNG" or "WEBP".
        **how: What Pillow takes for that format.
    """
    memory = io.BytesIO()
    picture.save(memory, format, **how)
    return f"data:image/{format.lower()};base64," + base64.b64encode(memory.getvalue()).decode("ascii")


def _png(picture: UInt8Array, *, optimize: bool = False) -> bytes:
    memory = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(memory, "PNG", optimize=optimize)
    return memory.getvalue()
