"""What lies over the images on a page: class masks and change labels as small pictures, outlines as paths."""

from __future__ import annotations

import numpy as np
import shapely
from PIL import Image
from shapely.geometry import MultiPolygon, Polygon

from changen_cli.metrics.pairs import Pair
from changen_cli.reports.pictures import CREATED, REMOVED, as_uri
from changen_cli.reports.preview.colours import CLASSES
from changen_cli.types import UInt8Array

OTHER = (255, 176, 32)
"""Colour of pixels that changed and are neither new nor gone: from one class to another."""


def fitted(width: int, height: int, most: int | None) -> tuple[int, int]:
    """Returns the size of a picture whose longer side has at most so many pixels; None leaves it as it is."""
    factor = 1.0 if most is None else min(1.0, most / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def photo_uri(image: UInt8Array, size: tuple[int, int]) -> str:
    """Returns an image, uint8 [3, H, W], as the ``data:`` address of a WebP of ``size`` = (width, height)."""
    picture = Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
    return as_uri(resized(picture, size), "WEBP", quality=82, method=3)


def resized(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Returns a picture at another size, (width, height); classes and labels keep their values."""
    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.NEAREST if picture.mode == "P" else Image.Resampling.LANCZOS)


def mask_uri(mask: UInt8Array, size: tuple[int, int]) -> str:
    """Returns a class mask, uint8 [H, W], as the address of a PNG of the colours of its classes; class 0 is clear."""
    return _indexed_uri(mask, size, [CLASSES[value % len(CLASSES)] for value in range(255)])


def change_uri(change: UInt8Array, pair: Pair | None, size: tuple[int, int]) -> str:
    """Returns what changed between two dates as the address of a PNG: new green, gone red, else amber; the rest clear.

    Args:
        change: The change label, uint8 [H, W], not 0 where it changed.
        pair: What is known of the same two dates; None where they are not consecutive, and all change is amber.
        size: Width and height of the picture.
    """
    drawn = (change != 0).astype(np.uint8)
    if pair is not None:
        drawn[pair.created] = 2
        drawn[pair.removed] = 3
    return _indexed_uri(drawn, size, [OTHER, CREATED, REMOVED])


def _indexed_uri(values: UInt8Array, size: tuple[int, int], colours: list[tuple[int, int, int]]) -> str:
    """Returns a PNG of indexed colours: ``colours`` are those of the values from 1 on, and 0 is clear."""
    most = int(values.max())
    picture = Image.fromarray(np.ascontiguousarray(values))
    picture.putpalette([0, 0, 0, *(part for colour in colours[:most] for part in colour)])
    return as_uri(resized(picture, size), "PNG", optimize=True, transparency=0)


def path_of(shape: Polygon | MultiPolygon | None, scale: float) -> str:
    """Returns an outline as the path of an SVG, in pixels of its picture; empty for none.

    Args:
        shape: In pixel coordinates of its series.
        scale: Pixels of the picture per pixel of the series.
    """
    if shape is None:
        return ""
    shape = shapely.simplify(shape, 0.3 / scale)
    rings = [ring for part in shapely.get_parts(shape) for ring in (part.exterior, *part.interiors)]
    return "".join(
        "M" + "L".join(f"{x * scale:.1f} {y * scale:.1f}" for x, y in ring.coords[:-1]) + "Z" for ring in rings
    )
