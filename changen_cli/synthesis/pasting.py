"""Objects of an image, and how their pixels are warped into new outlines; what copy-paste is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.features import shapes as vectorize
from rasterio.fill import fillnodata
from scipy.ndimage import map_coordinates, uniform_filter
from shapely.geometry import Polygon

from changen_cli.events.geometry import Floats, Outline, Outlines, outline_array
from changen_cli.types import AnyArray, BoolArray, Float32Array, UInt8Array

SMALLEST = 4.0
"""Pixels of the smallest object whose pixels are worth copying."""

CANDIDATES = 16
"""Objects, most alike in size and proportions, whose outlines are compared with the new one."""

FINE = 4
"""Parts that a pixel's side is divided into to find how much of the pixel an outline covers."""

MARGIN = 2
"""Pixels around an outline that its feathered edge may reach."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """The smallest rectangles around outlines.

    Attributes:
        centre: float64 [n, 2].
        axes: Unit vectors along the two sides, float64 [n, 2 (axis), 2 (x, y)], the second a right turn of the first.
        size: Lengths of the sides, float64 [n, 2].
    """

    centre: Floats
    axes: Floats
    size: Floats

    @classmethod
    def around(cls, outlines: Outlines) -> Boxes:
        """Finds the rectangles of outlines with an area, [n]."""
        corners = shapely.get_coordinates(shapely.oriented_envelope(outlines)).reshape(-1, 5, 2)
        sides = np.diff(corners[:, :3], axis=1)
        size = np.linalg.norm(sides, axis=2)
        first = sides[:, 0] / size[:, :1]
        return cls(corners[:, :4].mean(axis=1), np.stack([first, _quarter(first)], axis=1), size)


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of a tile, as its mask shows them: those that touch are one.

    Attributes:
        outlines: Traced around their pixels, [n], in the order of their first pixels.
        boxes: Their smallest rectangles.
        categories: Their classes, uint8 [n].
        cut: Whether the tile's edge may have cut them, bool [n].
    """

    outlines: Outlines
    boxes: Boxes
    categories: AnyArray
    cut: BoolArray


@dataclass(frozen=True, slots=True)
class Warp:
    """An affine map from an object to a new outline: turned in quarters, scaled along both sides, never mirrored.

    Attributes:
        source: Outline of the object.
        matrix: float64 [2, 2].
        origin: Centre of the object, float64 [2].
        target: Where it goes, float64 [2].
    """

    source: Outline
    matrix: Floats
    origin: Floats
    target: Floats

    def back(self, points: Floats) -> Floats:
        """Maps points of the new outline, [..., 2], to the object."""
        mapped: Floats = (points - self.target) @ np.linalg.inv(self.matrix).T + self.origin
        return mapped


def find_objects(mask: UInt8Array) -> Objects:
    """Finds the objects of a class mask [H, W] that have at least :data:`SMALLEST` pixels."""
    found = [
        (Polygon(rings[0], rings[1:]), value)
        for rings, value in ((shape["coordinates"], v) for shape, v in vectorize(mask, mask=mask > 0, connectivity=4))
    ]
    outlines = outline_array([outline for outline, _ in found])
    broken = ~shapely.is_valid(outlines)
    outlines[broken] = shapely.make_valid(outlines[broken])
    large = shapely.area(outlines) >= SMALLEST
    outlines = outlines[large]
    categories = np.array([value for _, value in found], np.uint8)[large]
    west, north, east, south = shapely.bounds(outlines).reshape(-1, 4).T
    height, width = mask.shape
    cut = (west <= 0) | (north <= 0) | (east >= width) | (south >= height)
    return Objects(outlines, Boxes.around(outlines), categories, cut)


def choose_warp(objects: Objects, target: Outline, category: int) -> Warp | None:
    """Chooses the object that is most similar in shape to a new outline, and how to warp it there.

    Args:
        objects: Objects of the tile.
        target: The new outline, in the tile's pixel coordinates.
        category: Class of the new object; only objects of the same class are looked at, and those that the tile's edge
            may have cut only if there are no others.

    Returns:
        The warp with the largest overlap (intersection over union) divided by how much it has to stretch; None if there
        is no object of the class.
    """
    same = objects.categories == category
    usable = np.flatnonzero(same & ~objects.cut)
    if not usable.size:
        usable = np.flatnonzero(same)
    if not usable.size:
        return None
    goal = Boxes.around(outline_array([target]))
    usable = usable[np.argsort(_unlikeness(objects, usable, target, goal), kind="stable")[:CANDIDATES]]
    boxes = objects.boxes
    warps, stretch, warped = [], [], []
    axes, size = goal.axes[0], goal.size[0]
    for _ in range(4):
        for i in usable.tolist():
            ratio = size / boxes.size[i]
            matrix = (axes.T * ratio) @ boxes.axes[i]
            warp = Warp(objects.outlines[i], matrix, boxes.centre[i], goal.centre[0])
            warps.append(warp)
            stretch.append(np.exp(np.abs(np.log(ratio)).sum()))
            warped.append(_forward(warp))
        axes, size = np.stack([axes[1], -axes[0]]), size[::-1]
    outlines = outline_array(warped)
    overlap = shapely.area(shapely.intersection(outlines, target))
    union = shapely.area(outlines) + target.area - overlap
    return warps[int(np.argmax(overlap / union / np.array(stretch)))]


def paste(canvas: Float32Array, image: UInt8Array, warp: Warp, target: Outline, others: BoolArray) -> None:
    """Pastes the warped pixels of an object into an outline, with a feathered edge.

    Args:
        canvas: What is pasted into, float32 [3, H, W], in place.
        image: Where the object is, uint8 [3, H, W].
        warp: From :func:`choose_warp`.
        target: The new outline.
        others: Pixels of other objects, which the feathered edge must leave alone, bool [H, W].
    """
    height, width = others.shape
    west, north, east, south = target.bounds
    left, top = max(0, math.floor(west) - MARGIN), max(0, math.floor(north) - MARGIN)
    right, bottom = min(width, math.ceil(east) + MARGIN), min(height, math.ceil(south) + MARGIN)
    if right <= left or bottom <= top:
        return
    window = (slice(top, bottom), slice(left, right))
    alpha = _coverage(target, left, top, right - left, bottom - top, others[window])
    pixels = _warped(image, warp, left, top, right - left, bottom - top)
    part = canvas[:, window[0], window[1]]
    part += alpha * (pixels - part)


def _quarter(vectors: Floats) -> Floats:
    """Turns vectors [n, 2] by a quarter."""
    return np.stack([-vectors[:, 1], vectors[:, 0]], axis=1)


def _unlikeness(objects: Objects, usable: NDArray[np.intp], target: Outline, goal: Boxes) -> Floats:
    """Compares sizes, proportions and how much of its rectangle an outline fills; 0 is alike, float64 [n]."""
    size = objects.boxes.size[usable]
    stretch = [np.abs(np.log(side / size)).sum(axis=1) for side in (goal.size[0], goal.size[0][::-1])]
    filled = shapely.area(objects.outlines[usable]) / size.prod(axis=1)
    unlike: Floats = np.minimum(*stretch) + np.abs(np.log(target.area / goal.size[0].prod() / filled))
    return unlike


def _forward(warp: Warp) -> Outline:
    """Maps the object's outline to where it goes."""
    moved: Outline = shapely.transform(warp.source, lambda xy: (xy - warp.origin) @ warp.matrix.T + warp.target)
    return moved


def _coverage(target: Outline, left: int, top: int, width: int, height: int, others: BoolArray) -> Float32Array:
    """How much of the pasted pixels shows, float32 [height, width], 0..1.

    Falls over two to three pixels from 1 to 0, with the outline in the middle; but pixels that the label gives to the
    object are never less than half its own, and pixels of other objects not at all.
    """
    shape = (height * FINE, width * FINE)
    fine = rasterize([target], shape, transform=Affine(1 / FINE, 0, left, 0, 1 / FINE, top), dtype="uint8")
    covered = fine.reshape(height, FINE, width, FINE).mean(axis=(1, 3), dtype=np.float32)
    soft = (covered + uniform_filter(covered, 3, mode="nearest")) / 2
    inside = rasterize([target], (height, width), transform=Affine.translation(left, top), dtype="uint8") > 0
    alpha: Float32Array = np.where(inside, np.maximum(soft, np.float32(0.5)), np.where(others, np.float32(0), soft))
    return alpha


def _warped(image: UInt8Array, warp: Warp, left: int, top: int, width: int, height: int) -> Float32Array:
    """Samples the object's pixels where a window of the tile maps back to, float32 [3, height, width].

    An object that is made smaller is sampled several times a pixel, so that it does not alias.
    """
    ratio = np.linalg.norm(warp.matrix, axis=0, ord=2).min()
    parts = int(np.clip(np.ceil(1 / max(ratio, 1e-6)), 1, FINE))
    x = left + (np.arange(width * parts) + 0.5) / parts
    y = top + (np.arange(height * parts) + 0.5) / parts
    points = warp.back(np.stack(np.meshgrid(x, y), axis=-1))
    pixels, corner = _cut_out(image, warp.source)
    column, row = np.moveaxis(points - corner - 0.5, -1, 0)
    sampled = np.stack([map_coordinates(band, (row, column), order=1, mode="nearest") for band in pixels])
    mean: Float32Array = sampled.reshape(3, height, parts, width, parts).mean(axis=(2, 4))
    return mean


def _cut_out(image: UInt8Array, outline: Outline) -> tuple[Float32Array, Floats]:
    """Cuts an object out of its image and continues its colours around it, so that no ground comes along.

    Returns:
        float32 [3, h, w], and the place of its upper left corner (x, y).
    """
    west, north, east, south = outline.bounds
    left, top, right, bottom = math.floor(west), math.floor(north), math.ceil(east), math.ceil(south)
    shape = (bottom - top, right - left)
    known = rasterize([outline], shape, transform=Affine.translation(left, top), dtype="uint8")
    bands = image[:, top:bottom, left:right].astype(np.float32)
    if not known.all():
        bands = np.stack([fillnodata(band, mask=known, max_search_distance=float(sum(shape))) for band in bands])
    return bands, np.array([left, top], np.float64)
